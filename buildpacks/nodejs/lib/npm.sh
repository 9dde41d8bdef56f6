# The layer `npm`: npm itself, for the build and for processes like `npm start`, and what processes find in their environment.
# Kept for the next build only if that will need it for the build script; else it is fetched again when something is installed.

NPM_VERSION=10.9.9 # the last that runs on Node.js 18, and fine on all later ones
NPM_SHA512=d60fba8cb42f688b81e33c2f1cbef2ad7b977166700ec0ad057f1b6d60ea6ef2524abf673e20c35931cd8305d1dbb8887134d6eefdc0e7b8435bd458bf65b862

npm_layer() {
  local layer=$1/npm cache=false
  if [[ -n $build_script ]]; then cache=true; fi
  if [[ $cache == true || $(stored "$layer.toml" version) != "$NPM_VERSION" ]]; then need_npm "$1"; fi
  printf '[types]\nlaunch = true\ncache = %s\n\n[metadata]\nversion = "%s"\n' $cache "$NPM_VERSION" > "$layer.toml"
}

# Makes `npm` work in this build.
need_npm() {
  local layer=$1/npm folder package
  if [[ -d $layer && ( ! -f $layer.toml || $(stored "$layer.toml" version) == "$NPM_VERSION" ) ]]; then return; fi
  rm -rf "$layer" "$layer.toml"
  folder=$(mktemp -d)
  package=$folder/npm-$NPM_VERSION.tgz
  if ! stack_npm "$folder" pack --loglevel=error "npm@$NPM_VERSION" 2>&1 > /dev/null | indent; then
    fail "Error: npm $NPM_VERSION could not be fetched from $(registry)." "" \
      "The registry did not answer, or this server can't reach it; npm's words are above." \
      "Push again later, or ask the operator of this platform."
  fi
  if [[ $(sha512sum "$package") != "$NPM_SHA512 "* ]]; then
    fail "Error: What $(registry) sent as npm $NPM_VERSION is something else." "" \
      "Its checksum is not the one we know. Ask the operator of this platform."
  fi
  mkdir -p "$layer/lib/npm" "$layer/bin" "$layer/env.launch"
  tar -x -z --no-same-owner --strip-components=1 --exclude=package/docs --exclude=package/man -C "$layer/lib/npm" -f "$package"
  rm -r "$folder"
  ln -s ../lib/npm/bin/npm-cli.js "$layer/bin/npm"
  ln -s ../lib/npm/bin/npx-cli.js "$layer/bin/npx"
  chmod +x "$layer/lib/npm/bin/npm-cli.js" "$layer/lib/npm/bin/npx-cli.js"
  printf production > "$layer/env.launch/NODE_ENV.default"
  printf '%s/node_modules/.bin' "$PWD" > "$layer/env.launch/PATH.prepend"
  printf : > "$layer/env.launch/PATH.delim"
}

# What npm's configuration names, or its default.
registry() {
  local url
  url=$(stack_npm / config get registry)
  printf '%s' "${url%/}"
}

# Debian's npm, in a folder where the app's .npmrc does not count. Only Debian's Node.js finds what it is made of.
stack_npm() (
  cd "$1"
  PATH=/usr/bin:/bin
  quiet_npm "${@:2}"
)

# npm without its chatter and without traces in the app's folder.
quiet_npm() {
  npm_config_cache=/tmp/npm npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false \
    npm_config_progress=false npm "$@"
}
