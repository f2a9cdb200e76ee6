# Sourced by the other scripts: how they speak to the one who called make.
# shellcheck shell=bash

# say tells what is being done, on stderr: stdout is for values.
say() { printf 'ladderd: %s\n' "$*" >&2; }

# die tells what failed (first argument) and what to do about it (the rest).
die() {
  printf 'ladderd: failed: %s\n' "$1" >&2
  shift
  [[ $# == 0 ]] || printf '  %s\n' "$@" >&2
  exit 1
}

# end_of FILE shows the last lines of a log.
end_of() {
  printf 'ladderd: the end of %s:\n' "$1" >&2
  tail -n 15 "$1" | sed 's/^/  | /' >&2
}

# logged FILE COMMAND… runs the command with its output in FILE, whose end is
# shown if the command fails.
logged() {
  local log=$1
  shift
  "$@" >>"$log" 2>&1 && return
  end_of "$log"
  return 1
}

# counting TOTAL PATTERN reads a command's output and says, every few seconds, how
# many of its lines have matched.
counting() {
  local total=$1 pattern=$2 done=0 next=$((SECONDS + 5)) line
  while read -r line; do
    [[ $line =~ $pattern ]] && done=$((done + 1))
    if ((SECONDS >= next)); then
      next=$((SECONDS + 5))
      say "  $done of $total"
    fi
  done
}

# cache prints where things are kept that are made once for all checkouts.
cache() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/ladderd"; }

# alone FILE holds FILE's lock until this process and its children have ended, so
# that makes run in parallel do a thing once.
alone() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock --nonblock 9 && return
  say "another make is busy with this; waiting for it"
  flock 9
}
