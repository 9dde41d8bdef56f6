# Which Python: the stack's. A version the app asks for is compared and, if another, told loudly.

# Sets `version`, e.g. 3.11.2.
python_version() {
  version=$(/usr/bin/python3 -V)
  version=${version#Python }
}

# Sets `wanted` and `wanted_by` from .python-version or, older, runtime.txt.
requested_version() {
  local line
  wanted="" wanted_by=""
  for wanted_by in .python-version runtime.txt; do
    [[ -f $wanted_by ]] || continue
    while IFS=$' \t\r' read -r line || [[ -n $line ]]; do
      [[ -z $line || $line == \#* ]] && continue
      wanted=${line#python-} # runtime.txt says python-3.11.2
      return
    done < "$wanted_by"
  done
}

check_requested_version() {
  requested_version
  if [[ -z $wanted ]]; then
    step "Using Python $version, the stack's"
  elif [[ $version == "$wanted" || $version == "$wanted".* ]]; then
    step "Using Python $version, as $wanted_by says"
  else
    step "Using Python $version, the stack's"
    warn "Warning: $wanted_by asks for Python $wanted, but this stack has $version." "" \
      "Every app here runs on its stack's Python. The build goes on with it, and" \
      "the app may miss features of $wanted. Once it works, write ${version%.*} into" \
      "$wanted_by to agree with what runs."
  fi
}
