#!/usr/bin/env bash
# Runs all fuzz targets of the module, each for its share of the time.
#
#   fuzz.sh DURATION     in whole seconds, minutes or hours, for all together: 120s, 2m, 8h
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

[[ $1 =~ ^([0-9]+)([smh])$ ]] || die "not a duration: $1" "allowed: a whole number of seconds, minutes or hours, such as 120s, 2m, 8h"
declare -A seconds=([s]=1 [m]=60 [h]=3600)
total=$((BASH_REMATCH[1] * seconds[${BASH_REMATCH[2]}]))

mapfile -t targets < <(grep --recursive --include='*_test.go' --only-matching '^func Fuzz[A-Za-z0-9_]*' . | sort)
share=$((total * 1000 / ${#targets[@]}))
say "fuzzing ${#targets[@]} targets for ${share} ms each"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The tag fuzz leaves out tests that would be long in compiling.
#
# fuzz TARGET PACKAGE fails where an input does, which go test then writes down.
# Sometimes it fails for no input but its own time: that ran out while it waited for one
# of its workers. That is told, and is no failure.
fuzz() {
  # Left alone, go spends up to a minute on making one input shorter that found
  # something new.
  go test -tags fuzz -run '^$' -fuzz "^$1\$" -fuzztime "${share}ms" -fuzzminimizetime 1s "$2" 2>&1 | tee "$log" && return
  grep -qx ' *context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log" || return 1
  say "$1: go test's time ran out while it waited for a worker; no input failed"
}

for target in "${targets[@]}"; do
  fuzz "${target##*func }" "$(dirname "${target%%:*}")"
done
