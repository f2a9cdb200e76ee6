#!/usr/bin/env bash
# Builds the doubles of GPU drivers that tests run FFmpeg on into bin/doubles, from
# the very headers that FFmpeg was built with (testassets/doubles).
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh
eval "$(./ffmpeg.sh env)"
./apt-packages.sh doubles # where it is the system's FFmpeg

# flags MODULES WHAT prints what pkg-config says of modules, or fails with what is missing.
flags() {
  # shellcheck disable=SC2086 # several modules
  pkg-config --cflags --libs $1 ||
    die "the doubles of GPU drivers need $2" "run \`make setup-test\`; what it installs is in scripts/apt-packages.sh"
}

HEADERS=$(flags ffnvcodec "the headers of NVIDIA's interfaces that FFmpeg was built with")
X264=$(flags x264 "x264, which encodes in a GPU's place")
AVCODEC=$(flags "libavcodec libavutil" "FFmpeg, which decodes in a GPU's place")
SWSCALE=$(flags "libswscale libavcodec libavutil" "FFmpeg, which scales in a GPU's place")
cd ..
go mod download github.com/NVIDIA/go-nvml
NVML=$(go list -m -f '{{.Dir}}' github.com/NVIDIA/go-nvml)/pkg/nvml
[[ -e $NVML/nvml.h ]] || die "the doubles of GPU drivers need nvml.h, which is not in $NVML" "run \`go mod download\`"
alone "$PWD/bin/doubles.lock"
make --no-print-directory -s -C testassets/doubles OUT="$PWD/bin/doubles" HEADERS="$HEADERS -isystem $NVML" \
  X264="$X264" AVCODEC="$AVCODEC" SWSCALE="$SWSCALE"
