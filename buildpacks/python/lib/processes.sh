# The web process of an app that has no Procfile, where its files leave no doubt.

default_processes() {
  [[ -f Procfile ]] && return 0
  local command
  if command=$(web_command); then
    step "No Procfile: the web process is \`$command\`"
    printf '[[processes]]\ntype = "web"\ncommand = ["bash", "-c"]\nargs = ["exec %s"]\ndefault = true\n' "$command" > "$1"
  else
    warn "Warning: There is no Procfile, and no web process could be found." "" \
      "Write a file named Procfile that says how to start your app, such as:" "" \
      "    web: gunicorn app:app" "" \
      "(and name gunicorn in requirements.txt), commit it and push again."
  fi
}

web_command() {
  local module
  if requires gunicorn && [[ -f manage.py ]] && module=$(django_module); then
    printf 'gunicorn %s' "$module"
  elif requires uvicorn && module=$(module_with 'FastAPI|Starlette|Quart'); then
    # shellcheck disable=SC2016  (PORT is known when the process starts)
    printf 'uvicorn %s --host 0.0.0.0 --port $PORT' "$module"
  elif requires gunicorn && module=$(module_with '[A-Za-z_.]+'); then
    printf 'gunicorn %s' "$module"
  else
    return 1
  fi
}

# The project's wsgi module: folder.wsgi, if there is exactly one.
django_module() {
  local files
  mapfile -t files < <(compgen -G '*/wsgi.py')
  [[ ${#files[@]} -eq 1 ]] || return 1
  printf '%s.wsgi' "${files[0]%/wsgi.py}"
}

# module:variable of the first of the usual files with a line like `app = Flask(…)`; $1 says what may be called.
module_with() {
  local file line
  for file in app.py main.py wsgi.py asgi.py server.py application.py; do
    [[ -f $file ]] || continue
    while IFS= read -r line || [[ -n $line ]]; do
      if [[ $line =~ ^(app|application|api)(: ?[A-Za-z_.]+)?\ *=\ *($1)\( ]]; then
        printf '%s:%s' "${file%.py}" "${BASH_REMATCH[1]}"
        return
      fi
    done < "$file"
  done
  return 1
}
