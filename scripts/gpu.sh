#!/usr/bin/env bash
# Says whether `make test-gpu` can be run here, before anything is built for it:
# gpu.sh KIND [DEVICE], as the Makefile's GPU and DEVICE.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh

# nvidia wants an NVIDIA GPU, and the one with that UUID where there is nvidia-smi to ask.
nvidia() {
  compgen -G '/dev/nvidia[0-9]*' >/dev/null || [[ -e /dev/dxg ]] ||
    die "no NVIDIA GPU here: there is no /dev/nvidia0"
  [[ -z $1 ]] || ! command -v nvidia-smi >/dev/null || nvidia-smi -L | grep -qF "UUID: $1)" ||
    die "no GPU $1 here: \`nvidia-smi -L\` does not list it"
}

# render wants a render node that may be used.
render() {
  local node=${1:-/dev/dri/renderD128}
  local -r drm=e2 # the major number of its devices, 226
  [[ -c $node && $(stat -Lc %t "$node") == "$drm" ]] || die "no VAAPI GPU here: $node is no render node"
  [[ -r $node && -w $node ]] || die "$node is not to be used: add $(id -un) to the group $(stat -c %G "$node")"
}

case $1 in
nvenc | cuda) nvidia "${2:-}" ;;
vaapi) render "${2:-}" ;;
*) die "GPU is \"$1\": allowed are nvenc, cuda and vaapi" ;;
esac
