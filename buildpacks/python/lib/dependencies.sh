# The layer `venv`: a virtual environment with what requirements.txt names.
#
# Unless collectstatic or a later buildpack needs it while building, it is a launch layer only: on the next build nothing
# but its key is restored, and the layer that the previous image has is used again, untouched.

dependencies_layer() {
  local layer="$1/venv" plan=$2 at_build=false key
  if plan_wants_build "$plan"; then at_build=true; fi
  key=$(dependencies_key)

  if [[ -z $local_source && $(stored_key "$layer.toml") == "$key" ]] && { ! $at_build || [[ -d $layer ]]; }; then
    step "Using the requirements installed before: nothing in requirements.txt has changed"
  else
    install_requirements "$layer"
    launch_environment "$layer"
  fi
  printf '[types]\nlaunch = true\nbuild = %s\ncache = %s\n\n[metadata]\nkey = "%s"\n' $at_build $at_build "$key" > "$layer.toml"
  export PATH="$layer/bin:$PATH" VIRTUAL_ENV=$layer
}

# A change of any of these makes a new layer: the files, the interpreter, the stack, this buildpack.
dependencies_key() {
  local hash
  hash=$({ sha256sum "${requirements[@]}" && cat "$buildpack/buildpack.toml" "$buildpack/lib/dependencies.sh"; } | sha256sum)
  printf '%s-%s-%s-%s' "${CNB_TARGET_DISTRO_NAME-}" "${CNB_TARGET_DISTRO_VERSION-}" "$version" "${hash%% *}"
}

stored_key() {
  local line
  [[ -f $1 ]] || return 0
  while read -r line; do
    if [[ $line =~ ^key\ =\ \"(.*)\"$ ]]; then printf '%s' "${BASH_REMATCH[1]}"; fi
  done < "$1"
}

# Whether an entry of the build plan asks for the layer at build time; tables may be written inline.
plan_wants_build() { [[ $(< "$1") =~ (^|[^A-Za-z0-9_-])build\ *=\ *true ]]; }

# uv is several times faster than pip. But requirements files are written for pip, so pip has the last word.
install_requirements() {
  if command -v uv > /dev/null && ! has_pip_settings; then
    step "Installing requirements with $(uv --version | cut -d ' ' -f 1,2)"
    new_environment "$1"
    install_with_uv "$1" && return
    note "uv could not install them; asking pip"
  fi
  step "Installing requirements with pip"
  new_environment "$1"
  install_with_pip "$1"
}

new_environment() {
  rm -rf "$1"
  /usr/bin/python3 -m venv --without-pip "$1"
}

# uv doesn't read pip's settings; the two that name indexes are translated.
has_pip_settings() {
  local name
  for name in "${!PIP_@}"; do
    case $name in
      PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_CERT | PIP_NO_INPUT | PIP_NO_CACHE_DIR | PIP_DISABLE_PIP_VERSION_CHECK) ;;
      *) return 0 ;;
    esac
  done
  return 1
}

# Bytecode is unchecked, here and below: a layer's files never change, and starting the app is faster for it.
install_with_uv() {
  local cache log options=(--compile-bytecode --index-strategy unsafe-best-match --no-progress --color never)
  [[ -n ${PIP_INDEX_URL-} ]] && options+=(--index-url "$PIP_INDEX_URL")
  [[ -n ${PIP_EXTRA_INDEX_URL-} ]] && options+=(--extra-index-url "$PIP_EXTRA_INDEX_URL")
  cache=$(mktemp -d -p "${1%/*}") # beside the layer, so that files are linked and not copied
  log=$(mktemp)
  if UV_CACHE_DIR=$cache PYC_INVALIDATION_MODE=UNCHECKED_HASH \
    uv pip install --python "$1/bin/python" "${options[@]}" --requirement requirements.txt > "$log" 2>&1; then
    indent < "$log"
    rm -rf "$cache" "$log"
    return 0
  fi
  rm -rf "$cache" "$log"
  return 1
}

install_with_pip() {
  local options=(--no-input --no-cache-dir --no-compile --no-warn-script-location --disable-pip-version-check --progress-bar off)
  if ! /usr/bin/python3 -m pip --python "$1/bin/python" install "${options[@]}" --requirement requirements.txt 2>&1 | indent; then
    fail "Error: Unable to install requirements.txt with pip." "" \
      "pip's own words are above. If a package was not found, look for a typing error" \
      "in its name or version, and whether it supports Python $version. If it failed to" \
      "compile, ask for a version that has a ready wheel for Python ${version%.*}." "" \
      "Mend requirements.txt, commit it and push again."
  fi
  # Some packages carry files that are no valid Python 3 (templates, tests): not an error.
  "$1/bin/python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$1/lib" > /dev/null || true
}

launch_environment() {
  mkdir -p "$1/env.launch"
  printf 1 > "$1/env.launch/PYTHONUNBUFFERED.default" # logs come at once
  printf '%s' "$PWD" > "$1/env.launch/PYTHONPATH.default"
  printf '*' > "$1/env.launch/FORWARDED_ALLOW_IPS.default" # only the router can reach the app: believe its X-Forwarded-Proto
  printf 2 > "$1/env.launch/WEB_CONCURRENCY.default" # gunicorn's and uvicorn's workers: two fit in 512 MB
}
