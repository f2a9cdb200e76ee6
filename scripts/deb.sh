#!/usr/bin/env bash
# Makes bin/ladderd_VERSION_ARCH.deb of bin/ladderd, for the Debian that it was built on: it
# depends on the packages whose libraries the binary is linked with. VERSION in the environment is the package's;
# without it it is what the binary says of itself.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4
[[ -x bin/ladderd ]] || die "there is no bin/ladderd" "make build"
command -v dpkg >/dev/null || die "this machine has no dpkg, so what the package depends on cannot be found out"

# version is Debian's form of a Go module's version: v1.2.3-0.2026… sorts before 1.2.3.
version() {
  local v
  v=$(bin/ladderd --version | sed -nE '1s/^ladderd v?([^, ]+).*/\1/p')
  [[ $v == [0-9]* ]] || v=0.0.0-devel
  printf '%s' "${v//-/\~}"
}

# libraries prints the packages of what the binary is linked with.
libraries() {
  local path package
  ldd bin/ladderd | awk '$2 == "=>" { print $3 }' | while read -r path; do
    package=$(dpkg --search "$path" 2>/dev/null || dpkg --search "/usr$path" 2>/dev/null) ||
      die "no package has $path, with which bin/ladderd is linked"
    printf '%s\n' "${package%%:*}"
  done | sort --unique
}

DEB_VERSION=${VERSION:-$(version)}
DEB_ARCH=$(dpkg --print-architecture)
export DEB_VERSION DEB_ARCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
needs=$(libraries | paste --serial --delimiters=, | sed 's/,/, /g')
sed "s/^depends: \[/&$needs, /" systemd/deb/nfpm.yaml >"$work/nfpm.yaml"
say "making bin/ladderd_${DEB_VERSION}_$DEB_ARCH.deb"
logged "$work/log" go run "$NFPM" package --config "$work/nfpm.yaml" --packager deb --target "bin/ladderd_${DEB_VERSION}_$DEB_ARCH.deb" ||
  die "nfpm could not make the package"
printf '%s\n' "bin/ladderd_${DEB_VERSION}_$DEB_ARCH.deb"
