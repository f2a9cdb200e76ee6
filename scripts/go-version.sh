#!/usr/bin/env bash
# Checks that the Go here is the one that go.mod asks for, or can fetch it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

need=$(sed -n 's/^go //p' go.mod)
command -v go >/dev/null ||
  die "there is no go command in PATH" "install Go $need or newer (https://go.dev/doc/install) and add its bin folder to PATH"

# enough says whether a version, as go env GOVERSION prints it, will do.
enough() { [[ $(printf '%s\n' "$need" "${1#go}" | sort --version-sort | head -n 1) == "$need" ]]; }

# Outside the module, for the version of the command itself.
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
! enough "$have" || exit 0

# Within it, Go 1.21 and newer fetch what go.mod names; older ones know nothing of that.
fetched=$(go env GOVERSION) || fetched=$have
enough "$fetched" ||
  die "$have is too old: go.mod asks for Go $need" "install that or newer: https://go.dev/doc/install" \
    "(Go 1.21 and newer fetch it themselves where GOTOOLCHAIN=auto and the module proxy can be reached)"
