#!/usr/bin/env bash
# Fetches hls.js by npm and puts the one file that the demo page needs where the
# build embeds it. Version and checksum are those of console/package-lock.json.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh
console=$PWD/../console
target=$console/static/hls.min.js

# Newer than what names its version: fetched already.
[[ $target -nt $console/package-lock.json && $target -nt $console/package.json ]] && exit

say "fetching hls.js $(sed -n 's/.*"hls.js": "\(.*\)".*/\1/p' "$console/package.json") by npm"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$console"/{package.json,package-lock.json,.npmrc} "$work"
(cd "$work" && logged npm.log npm ci --ignore-scripts --no-audit --no-fund) ||
  die "npm could not fetch hls.js" "check that this machine reaches its npm registry, then run make again"

# Renamed into place within its folder, so that a build beside us sees all or nothing.
cp "$work/node_modules/hls.js/dist/hls.min.js" "$console/static/.hls.min.js.$$"
mv "$console/static/.hls.min.js.$$" "$target"
