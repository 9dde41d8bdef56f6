# The layer `modules`: node_modules, linked into the app's folder, so that it isn't sent again when only code changes.
#
# Without a build script nothing of it is needed to build, and on the next build nothing but its key is restored.
# With one, what was installed, development dependencies and all, is kept in the cache layer `installed`; each build works on
# a copy of it, since build scripts write into node_modules (generated clients), and what is left without the
# development dependencies goes into the image.

modules_layer() {
  local key
  key=$(modules_key)
  [[ ! -d node_modules || -L node_modules ]] || warn "Warning: node_modules is committed, but installed anew." "" \
    "Remove it from git (git rm -r --cached node_modules) and name it in .gitignore."

  if [[ -n $build_script ]]; then
    built_modules "$1" "$key"
  elif [[ $(stored "$1/modules.toml" key) == "$key" ]]; then
    step "Using the dependencies installed before: package.json and its lock file have not changed"
    rm -rf node_modules
  else
    need_npm "$1"
    install_modules --omit=dev
    move_modules "$1"
  fi
  link_modules "$1" "$key"
}

built_modules() {
  local cached=$1/installed
  need_npm "$1"
  if [[ $(stored "$cached.toml" key) == "$2" && -d $cached ]]; then
    step "Using the dependencies installed before: package.json and its lock file have not changed"
    rm -rf node_modules
    cp -a "$cached/node_modules" .
  else
    install_modules --include=dev
    rm -rf "$cached"
    mkdir "$cached"
    cp -a node_modules "$cached/"
  fi
  printf '[types]\ncache = true\n\n[metadata]\nkey = "%s"\n' "$2" > "$cached.toml"
  run_build_script
  prune_modules
  move_modules "$1"
}

# A change of any of these installs anew: what package.json and the lock file say, npm's settings, Node.js, this buildpack.
modules_key() {
  local file files=(package.json)
  for file in package-lock.json npm-shrinkwrap.json .npmrc; do
    [[ -f $file ]] && files+=("$file")
  done
  printf '%s-%s-%s' "$node_version" "$NPM_VERSION" "$(digest "${files[@]}" "$buildpack/lib/modules.sh")"
}

install_modules() {
  local log command=(ci)
  if [[ -f yarn.lock || -f pnpm-lock.yaml ]]; then
    warn "Warning: npm is used here; the lock file of Yarn or pnpm is not read." "" \
      "To pin versions, run \`npm install\` and commit package-lock.json."
  fi
  if [[ ! -f package-lock.json && ! -f npm-shrinkwrap.json ]]; then
    command=(install --no-package-lock)
    warn "Warning: There is no package-lock.json, so versions are chosen anew with each change." "" \
      "Run \`npm install\` on your machine and commit the package-lock.json that it writes."
  fi
  step "Installing dependencies with npm ${command[0]}"
  log=$(mktemp)
  if ! quiet_npm "${command[@]}" "$1" 2>&1 | tee "$log" | indent; then
    explain_install "$log"
  fi
  rm "$log"
  mkdir -p node_modules # npm makes none for an app without dependencies
}

explain_install() {
  local advice=("npm's own words are above. Try \`npm ci\` on your machine, mend what it says," "commit and push again.")
  if grep -q "npm ci.* can only install packages when" "$1"; then
    advice=("package.json and package-lock.json don't agree. Run \`npm install\` on your machine," "commit package-lock.json and push again.")
  elif grep -qE "code (E404|ETARGET)" "$1"; then
    advice=("A package, or this version of it, does not exist in the registry. Mend its name or" "version in package.json, run \`npm install\`, commit both files and push again.")
  elif grep -q "code ERESOLVE" "$1"; then
    advice=("Two packages want versions of a third that can't both be. Bring them into line, or" "write legacy-peer-deps=true into .npmrc; commit and push again.")
  fi
  fail "Error: Unable to install dependencies with npm." "" "${advice[@]}"
}

run_build_script() {
  step "Running the build script: npm run $build_script"
  if ! NODE_ENV=${NODE_ENV:-production} quiet_npm run "$build_script" 2>&1 | indent; then
    fail "Error: The script \"$build_script\" of package.json failed." "" \
      "Its own words are above. Try \`npm run $build_script\` on your machine after a fresh" \
      "\`npm ci\`, mend what it says, commit and push again."
  fi
}

prune_modules() {
  rm -rf node_modules/.cache # of bundlers: no use at run time, and never twice the same
  [[ -n $has_dev ]] || return 0
  step "Removing development dependencies"
  quiet_npm prune --omit=dev --ignore-scripts 2>&1 | indent
}

# Into the layer, unless packages are links to folders of the app (workspaces): those only work where they are.
move_modules() {
  rm -rf "$1/modules" "$1/modules.toml"
  has_links_to_app && return
  mkdir "$1/modules"
  mv node_modules "$1/modules/"
}

has_links_to_app() {
  [[ -n $(find node_modules -mindepth 1 -maxdepth 2 -type l -not -path 'node_modules/.bin/*' -print -quit) ]]
}

link_modules() {
  [[ ! -d node_modules ]] || return 0
  ln -s "$1/modules/node_modules" node_modules
  printf '[types]\nlaunch = true\n\n[metadata]\nkey = "%s"\n' "$2" > "$1/modules.toml"
}
