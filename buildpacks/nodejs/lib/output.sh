# What the pusher reads, in Heroku's format.

step() { printf -- '-----> %s\n' "$1"; }

note() { printf '       %s\n' "$@"; }

indent() { sed -u 's/^./       &/'; }

# A block of lines that nobody overlooks.
warn() {
  echo
  printf ' !     %s\n' "$@"
  echo
}

fail() {
  warn "$@"
  exit 1
}
