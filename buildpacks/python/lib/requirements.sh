# The files that say what to install, and one hash over all of them.

# Sets `requirements` (the files, `-r` and `-c` followed) and `local_source` (set if they name code of the app itself).
find_requirements() {
  requirements=() local_source=""
  [[ -f requirements.txt ]] || explain_missing
  follow requirements.txt
}

follow() {
  local file=$1 line folder=""
  [[ -f $file && " ${requirements[*]-} " != *" $file "* ]] || return 0 # what is missing, pip tells
  requirements+=("$file")
  [[ $file == */* ]] && folder=${file%/*}/
  while IFS=$' \t\r' read -r line || [[ -n $line ]]; do
    if [[ $line =~ ^(-r|-c|--requirement|--constraint)[[:space:]=]*([^[:space:]]+) ]]; then
      follow "$folder${BASH_REMATCH[2]}"
    elif [[ $line =~ ^(-e|--editable|\.|/)|file: ]]; then
      local_source=1
    fi
  done < "$file"
}

# Whether a package is required by name; only the files' own lines are looked at.
requires() {
  local file line
  for file in "${requirements[@]}"; do
    while read -r line || [[ -n $line ]]; do
      [[ ${line,,} =~ ^"$1"([^a-z0-9_-]|$) ]] && return 0
    done < "$file"
  done
  return 1
}

explain_missing() {
  local advice=("Write the names of the packages that your app needs into requirements.txt," \
    "one on each line (an empty file if it needs none), commit it and push again.")
  if [[ -f uv.lock ]]; then
    advice=("uv.lock can't be read yet. Export it, commit the file and push again:" "" \
      "    uv export --no-dev --no-hashes -o requirements.txt")
  elif [[ -f poetry.lock ]]; then
    advice=("poetry.lock can't be read yet. Export it, commit the file and push again:" "" \
      "    poetry export --without-hashes -o requirements.txt")
  elif [[ -f Pipfile || -f Pipfile.lock ]]; then
    advice=("Pipfile can't be read yet. Export it, commit the file and push again:" "" \
      "    pipenv requirements > requirements.txt")
  elif [[ -f pyproject.toml ]]; then
    advice=("To install what pyproject.toml lists, write a requirements.txt with one line" \
      "that holds a dot, commit it and push again:" "" "    echo . > requirements.txt")
  fi
  fail "Error: There is no requirements.txt." "" "This is a Python app, but nothing says what to install for it." "" "${advice[@]}"
}
