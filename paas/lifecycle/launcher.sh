#!/bin/bash
# Starts a process of the image (CNB Platform API, "Launch"). Bash alone, because it starts in 2 ms what Python does in 20.
#
#   /cnb/process/TYPE [ARG…]        a process that the image declares; each is a link to this file
#   launcher --process TYPE [ARG…]  the same
#   launcher LINE                   a shell line, as in a Procfile
#   launcher WORD WORD…             each word evaluated by the shell
#   launcher -- PROGRAM ARG…        a program, without a shell
#
# Exit codes of its own: 11 the image was put together wrongly, 80 no such process or folder, 82 an exec.d program failed.
# Names begin with __cnb_, for what an app may call its variables is anybody's guess.

__cnb_layers=${CNB_LAYERS_DIR:-/layers}
__cnb_app=${CNB_APP_DIR:-/app}

__cnb_fail() {
  printf 'launcher: %s\n' "$2" >&2
  exit "$1"
}

# The variable $1 becomes $2 in front of what it was, joined by $3; or behind it.
__cnb_prepend() { export "$1=$2${!1:+$3${!1}}"; }
__cnb_append() { export "$1=${!1:+${!1}$3}$2"; }

# Applies the files of one environment folder.
__cnb_files() {
  local __cnb_file __cnb_name __cnb_suffix __cnb_value __cnb_delim
  for __cnb_file in "$1"/*; do
    [[ -f $__cnb_file ]] || continue
    __cnb_name=${__cnb_file##*/} __cnb_suffix=
    [[ $__cnb_name == *.* ]] && __cnb_suffix=${__cnb_name#*.} __cnb_name=${__cnb_name%%.*}
    [[ $__cnb_name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    IFS= read -r -d '' __cnb_value <"$__cnb_file"
    __cnb_delim=
    [[ -f $1/$__cnb_name.delim ]] && IFS= read -r -d '' __cnb_delim <"$1/$__cnb_name.delim"
    case $__cnb_suffix in
      '' | override) export "$__cnb_name=$__cnb_value" ;;
      default) [[ -n ${!__cnb_name} ]] || export "$__cnb_name=$__cnb_value" ;;
      prepend) __cnb_prepend "$__cnb_name" "$__cnb_value" "$__cnb_delim" ;;
      append) __cnb_append "$__cnb_name" "$__cnb_value" "$__cnb_delim" ;;
    esac
  done
}

# Runs the programs of one exec.d folder; what they write to descriptor 3 is TOML, and becomes variables.
__cnb_programs() {
  local __cnb_program __cnb_out __cnb_line
  for __cnb_program in "$1"/*; do
    [[ -f $__cnb_program ]] || continue
    { __cnb_out=$("$__cnb_program" 3>&1 >&4 4>&-); } 4>&1 || __cnb_fail 82 "$__cnb_program failed"
    while [[ -n $__cnb_out ]]; do
      __cnb_line=${__cnb_out%%$'\n'*}
      __cnb_out=${__cnb_out#"$__cnb_line"}
      __cnb_out=${__cnb_out#$'\n'}
      __cnb_toml "$__cnb_line" || __cnb_fail 82 "$__cnb_program wrote what is not NAME = \"value\": $__cnb_line"
    done
  done
}

# Sets the variable of one line of TOML: a key and a basic or literal string, on one line.
__cnb_toml() {
  local LC_ALL=C.UTF-8 __cnb_rest __cnb_char __cnb_value=
  local __cnb_key='^[[:space:]]*"?([A-Za-z_][A-Za-z0-9_]*)"?[[:space:]]*=[[:space:]]*' __cnb_end='[[:space:]]*(#.*)?$'
  [[ $1 =~ ^[[:space:]]*(#.*)?$ ]] && return 0
  if [[ $1 =~ ${__cnb_key}"'"([^\']*)"'"$__cnb_end ]]; then
    __cnb_value=${BASH_REMATCH[2]}
  elif [[ $1 =~ ${__cnb_key}'"'(([^\"\\]|\\.)*)'"'$__cnb_end ]]; then
    __cnb_rest=${BASH_REMATCH[2]}
    __cnb_key=${BASH_REMATCH[1]}
    while [[ $__cnb_rest == *\\* ]]; do
      __cnb_value+=${__cnb_rest%%\\*}
      __cnb_rest=${__cnb_rest#*\\}
      if [[ $__cnb_rest =~ ^[btnfr] || $__cnb_rest =~ ^u[0-9A-Fa-f]{4} || $__cnb_rest =~ ^U[0-9A-Fa-f]{8} ]]; then
        printf -v __cnb_char %b "\\${BASH_REMATCH[0]}"
        __cnb_rest=${__cnb_rest#"${BASH_REMATCH[0]}"}
      elif [[ $__cnb_rest == [\"\\]* ]]; then
        __cnb_char=${__cnb_rest:0:1}
        __cnb_rest=${__cnb_rest:1}
      else
        return 1
      fi
      __cnb_value+=$__cnb_char
    done
    __cnb_value+=$__cnb_rest
    export "$__cnb_key=$__cnb_value"
    return
  else
    return 1
  fi
  export "${BASH_REMATCH[1]}=$__cnb_value"
}

# Calls $1 with the folder $2 of each layer, in the buildpacks' order, and with its subfolder for the process's type.
__cnb_each() {
  local __cnb_pack __cnb_layer
  for __cnb_pack in "${__cnb_buildpacks[@]}"; do
    for __cnb_layer in "$__cnb_layers/$__cnb_pack"/*/; do
      "$1" "$__cnb_layer$2"
      [[ -n $__cnb_type ]] && "$1" "$__cnb_layer$2/$__cnb_type"
    done
  done
}

__cnb_environment() {
  local __cnb_pack __cnb_layer
  for __cnb_pack in "${__cnb_buildpacks[@]}"; do
    for __cnb_layer in "$__cnb_layers/$__cnb_pack"/*/; do
      [[ -d ${__cnb_layer}bin ]] && __cnb_prepend PATH "${__cnb_layer}bin" :
      [[ -d ${__cnb_layer}lib ]] && __cnb_prepend LD_LIBRARY_PATH "${__cnb_layer}lib" :
    done
    for __cnb_layer in "$__cnb_layers/$__cnb_pack"/*/; do
      __cnb_files "${__cnb_layer}env"
      __cnb_files "${__cnb_layer}env.launch"
      [[ -n $__cnb_type ]] && __cnb_files "${__cnb_layer}env.launch/$__cnb_type"
    done
  done
}

__cnb_collect() {
  local __cnb_file
  for __cnb_file in "$1"/*; do
    [[ -f $__cnb_file ]] && __cnb_scripts+=("$__cnb_file")
  done
}

# --- which process ---------------------------------------------------------------------------------------------------

source "$__cnb_layers/config/launch" || __cnb_fail 11 "$__cnb_layers/config/launch is missing"
__cnb_type=${DYNO%.*}
__cnb_direct= __cnb_folder= __cnb_command=() __cnb_args=() __cnb_scripts=()
if [[ $0 == */process/* || $1 == --process ]]; then
  if [[ $1 == --process ]]; then
    __cnb_type=$2
    shift 2
  else
    __cnb_type=${0##*/}
  fi
  __cnb_process "$__cnb_type" || __cnb_fail 80 "the image has no process type ${__cnb_type@Q}"
  if [[ $__cnb_appends ]]; then
    __cnb_args+=("$@") # before Buildpack API 0.9
  elif (($#)); then
    __cnb_args=("$@")
  fi
elif [[ $1 == -- ]]; then
  __cnb_direct=1
  __cnb_command=("${@:2}")
else
  __cnb_command=("${@:1:1}")
  __cnb_args=("${@:2}")
fi
set --
((${#__cnb_command[@]})) || __cnb_fail 80 "no command was given, and the image declares no default one"

# --- its environment -------------------------------------------------------------------------------------------------

cd "$__cnb_app" || __cnb_fail 80 "$__cnb_app is missing"
unset CNB_LAYERS_DIR CNB_APP_DIR CNB_PROCESS_TYPE CNB_PLATFORM_API
for __cnb_own in /cnb/process /cnb/lifecycle; do
  PATH=:$PATH:
  while [[ $PATH == *:$__cnb_own:* ]]; do PATH=${PATH/":$__cnb_own:"/:}; done
  PATH=${PATH#:} PATH=${PATH%:}
done
__cnb_environment
__cnb_each __cnb_programs exec.d

# --- and off it goes -------------------------------------------------------------------------------------------------

if [[ ! $__cnb_direct ]]; then
  __cnb_each __cnb_collect profile.d
  # Heroku's articles "Dynos" and "Buildpack API": an app's own .profile.d and .profile come last.
  __cnb_collect "$__cnb_app/.profile.d"
  [[ -f $__cnb_app/.profile ]] && __cnb_scripts+=("$__cnb_app/.profile")
  for __cnb_script in "${__cnb_scripts[@]}"; do source "$__cnb_script"; done
fi
if [[ $__cnb_folder ]]; then
  cd "$__cnb_app" && cd "$__cnb_folder" || __cnb_fail 80 "the working directory $__cnb_folder is missing"
fi
if [[ $__cnb_direct ]]; then
  exec -- "${__cnb_command[@]}" "${__cnb_args[@]}"
elif ((${#__cnb_args[@]})); then
  __cnb_words=()
  for __cnb_word in "${__cnb_command[@]}" "${__cnb_args[@]}"; do
    __cnb_words+=("$(eval "printf '%s\n' \"$__cnb_word\"")")
  done
  exec -- "${__cnb_words[@]}"
else
  exec bash -c "${__cnb_command[0]}"
fi
