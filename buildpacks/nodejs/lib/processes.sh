# The web process of an app that has no Procfile: what `npm start` would run, else the usual files.

default_processes() {
  [[ ! -f Procfile ]] || return 0
  local command=$start file
  for file in server.js "$main" index.js app.js; do
    [[ -z $command && -n $file && -f $file ]] && command="node $file"
  done
  if [[ -z $command ]]; then
    warn "Warning: There is no Procfile, no start script in package.json, and no server.js." "" \
      "Write a file named Procfile that says how to start your app, such as:" "" \
      "    web: node server.js" "" "commit it and push again."
    return
  fi
  step "No Procfile: the web process is \`$command\`"
  printf '[[processes]]\ntype = "web"\ncommand = ["bash", "-c"]\nargs = ["%s"]\ndefault = true\n' "$(toml "$command")" > "$1"
}
