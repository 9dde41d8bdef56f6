# Just enough TOML: flat files of `name = "text"`, as we write them and the lifecycle gives them back.

# The inside of a basic string. Callers see to it that there are no control characters.
toml() {
  local text=${1//\\/\\\\}
  printf '%s' "${text//\"/\\\"}"
}

# Prints the value of a name in a file; nothing if there is none.
stored() {
  local line
  [[ -f $1 ]] || return 0
  while IFS= read -r line; do
    if [[ $line =~ ^$2\ =\ \"(.*)\"$ ]]; then
      line=${BASH_REMATCH[1]//\\\"/\"}
      printf '%s' "${line//\\\\/\\}"
    fi
  done < "$1"
}

digest() {
  local hash
  hash=$(sha256sum "$@" | sha256sum)
  printf '%s' "${hash%% *}"
}
