#!/usr/bin/env bash
# Fails if a Go file is not formatted as gofmt would.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

# The one that belongs to this Go, whatever is in PATH.
unformatted=$("$(go env GOROOT)/bin/gofmt" -l .)
[[ -z $unformatted ]] || die "these files are not formatted" "$unformatted" "run: gofmt -w ."
