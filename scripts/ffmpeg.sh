#!/usr/bin/env bash
# Finds or builds the FFmpeg 7.1 that ladderd links with.
#
#   ffmpeg.sh         make sure that it is there
#   ffmpeg.sh env     print the exports that `go build` needs (after the above)
#
# The system's is used where pkg-config finds 7.1 with all parts below, installed
# first where the release has it. Otherwise Debian's source package of 7.1 is built,
# once, as static libraries with those parts only, into ladderd's cache folder. An
# FFmpeg of your own is used when PKG_CONFIG_PATH leads to it. go-astiav binds one
# FFmpeg line exactly, so no other version will do.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh

LINE=7.1
SUITE=trixie # the Debian release that has it
# The library versions that are FFmpeg 7.1, from below; above, the next major is
# another interface.
MODULES=(
  'libavcodec >= 61.19' 'libavcodec < 62'
  'libavdevice >= 61.3' 'libavdevice < 62'
  'libavfilter >= 10.4' 'libavfilter < 11'
  'libavformat >= 61.7' 'libavformat < 62'
  'libavutil >= 59.39' 'libavutil < 60'
  'libswresample >= 5.3' 'libswresample < 6'
  'libswscale >= 8.3' 'libswscale < 9'
)

DECODERS=(h264 hevc aac h264_cuvid)
ENCODERS=(libx264 {h264,hevc,av1}_{nvenc,vaapi} aac mjpeg)
HWACCELS=({h264,hevc}_{nvdec,vaapi})
PARSERS=(h264 hevc aac)
BSFS=(h264_mp4toannexb hevc_mp4toannexb aac_adtstoasc h264_metadata filter_units extract_extradata)
FILTERS=(
  buffer buffersink abuffer abuffersink null anull
  scale scale_cuda scale_vaapi split asplit fps setpts asetpts
  format aformat aresample hwupload hwupload_cuda hwdownload hwmap
  bwdif bwdif_cuda deinterlace_vaapi pad crop testsrc2 sine anullsrc
)
CONFIGURE=(
  --disable-everything --disable-programs --disable-doc --disable-debug
  --disable-network --disable-autodetect --disable-postproc
  --enable-gpl --enable-version3 --enable-pic
  --enable-libx264 --enable-vaapi --enable-libdrm
  --enable-ffnvcodec --enable-nvenc --enable-nvdec --enable-cuvid
  --enable-cuda --enable-cuda-llvm
)

KEPT=(ffnvcodec) # headers of NVIDIA's interfaces, for the doubles of its drivers

# parts KIND NAME… prints kind:name, as ffmpeg-complete.c takes them.
parts() { printf "$1:%s\n" "${@:2}"; }

mapfile -t NEEDED < <(
  parts decoder "${DECODERS[@]}"
  parts encoder "${ENCODERS[@]}"
  parts hwaccel "${HWACCELS[@]}"
  parts bsf "${BSFS[@]}"
  parts filter "${FILTERS[@]}"
)

# prefix prints where this recipe's libraries go. The recipe is what is configured
# and the release whose libx264 and libva they will be linked with; FFmpeg's patch
# level is the one that Debian had on the day. KEPT is what is kept beside the libraries.
prefix() {
  local recipe
  recipe=$(
    . /etc/os-release
    printf '%s\n' "$ID-${VERSION_CODENAME-}-$(uname -m)" "${CONFIGURE[@]}" "${PARSERS[@]}" "${NEEDED[@]}" "${KEPT[@]}" | sha256sum
  )
  echo "$(cache)/ffmpeg-$LINE-${recipe:0:12}"
}

# lacks prints what the FFmpeg that pkg-config finds lacks; it succeeds if that is anything.
lacks() {
  local program flags broken=0
  pkg-config --print-errors --errors-to-stdout --exists "${MODULES[@]}" || return 0
  read -ra flags < <(pkg-config --cflags --libs "${MODULES[@]%% *}")
  program=$(mktemp)
  { gcc -o "$program" ffmpeg-complete.c "${flags[@]}" 2>&1 && "$program" "${NEEDED[@]}"; } || broken=1
  rm -f "$program"
  [[ $broken != 0 ]]
}

# release_has_line says whether apt would install this FFmpeg line.
release_has_line() {
  local candidate
  candidate=$(LC_ALL=C apt-cache policy libavcodec-dev | sed -n 's/ *Candidate: *\([0-9]*:\)*//p')
  [[ $candidate == "$LINE".* ]]
}

# build makes the libraries beside their place and moves them there when they are
# whole, so that one that was interrupted leaves nothing that looks usable.
build() {
  local lacking flags=("${CONFIGURE[@]}")
  flags+=(
    "${DECODERS[@]/#/--enable-decoder=}" "${ENCODERS[@]/#/--enable-encoder=}"
    "${HWACCELS[@]/#/--enable-hwaccel=}" "${PARSERS[@]/#/--enable-parser=}"
    "${BSFS[@]/#/--enable-bsf=}" "${FILTERS[@]/#/--enable-filter=}"
  )
  rm -rf "$(cache)"/build.* # of makes that were killed: we hold the lock
  work=$(mktemp -d "$(cache)/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  ./ffmpeg-build.sh "$work" "$LINE" "$SUITE" "$(cache)/ffmpeg-build.log" "${flags[@]}"
  if lacking=$(PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig lacks); then
    die "the FFmpeg that was built is not whole" "$lacking" "what configure found is in $(cache)/ffmpeg-build.log"
  fi
  mv -T "$work/prefix" "$1"
}

ensure() {
  local own lacking
  own=$(prefix)
  [[ ! -d $own ]] || return 0
  lacking=$(lacks) || return 0
  apt-cache show libavcodec-dev >/dev/null 2>&1 || ./apt-packages.sh lists
  if release_has_line; then
    ./apt-packages.sh ffmpeg
    lacking=$(lacks) || return 0
    say "this release's FFmpeg will not do:"
  else
    say "no FFmpeg $LINE here:"
  fi
  say "  ${lacking%%$'\n'*}"
  ./apt-packages.sh ffmpeg-source
  alone "$(cache)/ffmpeg.lock"
  [[ ! -d $own ]] || return 0 # the make that we waited for built it
  say "building it, once, into $own"
  build "$own"
}

# environment prints what go build needs to see. The second line repeats what
# pkg-config says because Go keeps a built cgo package when pkg-config's answer
# changes, but not when this does: without it, a new recipe goes on linking the
# libraries of the old one. go-nvml wraps functions that NVIDIA has deprecated, seventy
# warnings in a fresh cache.
environment() {
  local own
  printf "export CGO_CFLAGS='-g -O2 -Wno-deprecated-declarations'\n"
  own=$(prefix)
  [[ -d $own ]] || return 0
  printf "export PKG_CONFIG_PATH='%s'\n" "$own/lib/pkgconfig"
  printf "export CGO_LDFLAGS='-L%s'\n" "$own/lib"
}

case ${1-} in
'') ensure ;;
env) environment ;;
*) die "unknown argument $1" "usage: scripts/ffmpeg.sh [env]" ;;
esac
