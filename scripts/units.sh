#!/usr/bin/env bash
# Checks the systemd units: systemd-analyze verify says nothing, and its security score is at
# most what the last argument has (20 is 2.0).
#
#   units.sh [MOST]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

most=${1:-20}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# verify wants the program to be there and the user to exist, which is not what is checked here.
for unit in systemd/ladderd*.service systemd/ladderd*.socket; do
  sed -E 's#^ExecStart=/usr/bin/ladderd .*#ExecStart=/bin/true#; /^(User|Group|SupplementaryGroups)=/d' "$unit" >"$dir/${unit##*/}"
done
said=$(systemd-analyze verify --recursive-errors=no --man=no "$dir"/* 2>&1) || true
[[ -z $said ]] || die "systemd-analyze verify complains of the units" "$said"

systemd-analyze security --offline=yes --no-pager --threshold="$most" systemd/ladderd.service >"$dir/score" ||
  { end_of "$dir/score"; die "ladderd.service is more exposed than $most tenths" "see systemd-analyze security --offline=yes systemd/ladderd.service"; }
