#!/usr/bin/env bash
# Fetches a package by npm and puts the one file of it that is needed where Go
# embeds it.
#
#   npm-file.sh FOLDER PACKAGE FILE TARGET
#
# Version and checksum are those of FOLDER's package-lock.json; FILE is within the
# package, TARGET within FOLDER.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh
folder=$PWD/../$1 package=$2 file=$3
target=$folder/$4

# Newer than what names its version: fetched already.
[[ $target -nt $folder/package-lock.json && $target -nt $folder/package.json ]] && exit

say "fetching $package $(sed -n "s/.*\"$package\": \"\(.*\)\".*/\1/p" "$folder/package.json") by npm"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$folder"/{package.json,package-lock.json,.npmrc} "$work"
(cd "$work" && logged npm.log npm ci --ignore-scripts --no-audit --no-fund) ||
  die "npm could not fetch $package" "check that this machine reaches its npm registry, then run make again"

# Renamed into place within its folder, so that a build beside us sees all or nothing.
part=$(dirname "$target")/.$(basename "$target").$$
cp "$work/node_modules/$package/$file" "$part"
mv "$part" "$target"
