#!/usr/bin/env bash
# Prints the folder of a small Debian with systemd and with what a .deb depends on, of this
# machine's release. It is made once, into the user's cache. As root.
#
#   systemd-root.sh DEB
set -euo pipefail
deb=$(realpath "$1")
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh

[[ $(id -u) == 0 ]] || die "only root can make a Debian of its own and run systemd in it" "run as root: make test-systemd"
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(SITE)' "Codename: $release" 'Created-By: Packages' 2>/dev/null | head -n 1)
[[ $release && $mirror ]] || die "apt does not say where this machine's Debian comes from" "the test needs a Debian, with apt's lists (apt-get update)"

packages=systemd,systemd-sysv,dbus,$(dpkg-deb --field "$deb" Depends | sed 's/([^)]*)//g; s/ //g')
root=$(cache)/debian-$release-$(sha256sum <<<"$packages" | cut -c1-12)
alone "$(cache)/debian.lock"
if [[ ! -d $root ]]; then
  say "making a Debian for systemd in $root (a minute)"
  rm -rf "$root.part"
  : >"$(cache)/debootstrap.log"
  logged "$(cache)/debootstrap.log" debootstrap --variant=minbase --include="$packages" "$release" "$root.part" "$mirror" ||
    die "debootstrap could not make it"
  mv "$root.part" "$root"
fi
printf '%s\n' "$root"
