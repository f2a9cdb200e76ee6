#!/usr/bin/env bash
# Fetches the packages of a folder by npm into its node_modules, for programs that
# run from there.
#
#   npm-modules.sh FOLDER
#
# Versions and checksums are those of FOLDER's package-lock.json. No package's own
# scripts are run.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh
folder=$PWD/../$1
last=$folder/node_modules/.package-lock.json # npm writes it when all is there

# Newer than what names the versions: fetched already.
fetched() { [[ $last -nt $folder/package-lock.json && $last -nt $folder/package.json ]]; }

fetched && exit
alone "$PWD/../bin/npm-modules.lock"
fetched && exit

say "fetching the packages of $1 by npm"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$folder"
logged "$log" npm ci --ignore-scripts --no-audit --no-fund ||
  die "npm could not fetch the packages of $1" "check that this machine reaches its npm registry, then run make again"
