# Django's static files: collected into STATIC_ROOT, as Heroku does.

collect_static() {
  [[ -f manage.py ]] && is_django_installed || return 0
  if [[ -n ${DISABLE_COLLECTSTATIC-} && ${DISABLE_COLLECTSTATIC-} != 0 ]]; then
    step "Skipping Django's collectstatic: DISABLE_COLLECTSTATIC is set"
    return
  fi

  local log
  log=$(mktemp)
  step "Collecting Django's static files: python manage.py collectstatic --noinput"
  # The bytecode that running the app leaves would carry times that the image doesn't have.
  if PYTHONDONTWRITEBYTECODE=1 python manage.py collectstatic --noinput > "$log" 2>&1; then
    indent < "$log"
  elif grep -q "without having set the STATIC_ROOT" "$log"; then
    note "Skipped: STATIC_ROOT is not set in the settings."
  elif grep -q "Unknown command: 'collectstatic'" "$log"; then
    note "Skipped: django.contrib.staticfiles is not in INSTALLED_APPS."
  else
    indent < "$log"
    explain_collectstatic "$log"
  fi
  rm -f "$log"
}

is_django_installed() { compgen -G "$VIRTUAL_ENV/lib/python3*/site-packages/django/__init__.py" > /dev/null; }

explain_collectstatic() {
  local cause="The traceback above says where."
  if grep -q "SECRET_KEY" "$1"; then
    cause="The settings ask for SECRET_KEY. Config vars are there while building: set it first."
  elif grep -q "KeyError:" "$1"; then
    cause="The settings read a variable that is not set. Config vars are there while building: set it first."
  fi
  fail "Error: Unable to collect Django's static files." "" "$cause" "" \
    "Try \`python manage.py collectstatic --noinput\` on your machine, mend what it says," \
    "commit and push again. If your app has no static files to collect, set the config" \
    "var DISABLE_COLLECTSTATIC=1."
}
