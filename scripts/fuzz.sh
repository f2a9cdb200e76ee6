#!/usr/bin/env bash
# Runs each fuzz target of the module for a while.
#
#   fuzz.sh DURATION     as in go test -fuzztime, e.g. 30s
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

# Only packages whose tests name one, for listing builds the tests.
mapfile -t dirs < <(grep --recursive --files-with-matches --include='*_test.go' '^func Fuzz' . | xargs -r dirname | sort -u)
for dir in "${dirs[@]}"; do
  targets=$(go test -list '^Fuzz' "$dir" | grep '^Fuzz')
  for target in $targets; do
    say "fuzzing $target of $dir for $1"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "$dir"
  done
done
