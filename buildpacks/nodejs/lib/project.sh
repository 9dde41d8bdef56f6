# What package.json says. Noted in store.toml: as long as the file is the same, it isn't read again (Node.js takes 40 ms to start).

PROJECT_FIELDS=(range stack_satisfies build_script has_dev start main)

# Sets the variables named above.
read_project() {
  local store=$1/store.toml name line key
  key=$(digest package.json "$buildpack/lib/project.js")-$stack_node
  if [[ $(stored "$store" project) == "$key" ]]; then
    for name in "${PROJECT_FIELDS[@]}"; do printf -v "$name" '%s' "$(stored "$store" "$name")"; done
    return
  fi

  need_npm "$1"
  while IFS= read -r line; do
    name=${line%%=*}
    [[ $name != error ]] || fail "Error: package.json can't be used: ${line#*=}." "" "Mend it, commit it and push again."
    printf -v "$name" '%s' "${line#*=}"
  done < <(/usr/bin/node "$buildpack/lib/project.js" "$1/npm/lib/npm" "$stack_node")

  { printf '[metadata]\nproject = "%s"\n' "$key"
    for name in "${PROJECT_FIELDS[@]}"; do printf '%s = "%s"\n' "$name" "$(toml "${!name}")"; done
  } > "$store"
}
