#!/usr/bin/env bash
# Installs, by apt, what is missing of the named groups of packages, and says why.
#
#   apt-packages.sh GROUP…
#
# A thing that is there already is left alone, whoever installed it: most are
# looked for by what is used of them and not by the package's name. The group
# `lists` is apt's own lists of packages, which a fresh image has not.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh

# group, how to see that it is there, package, what it is for.
PACKAGES='
build          file:/usr/include/stdlib.h     libc6-dev                 C headers, for cgo
build          command:gcc                    gcc                       C compiler, for cgo
build          command:pkg-config             pkg-config                finds FFmpeg, for cgo
build          file:/etc/ssl/certs/ca-certificates.crt ca-certificates  HTTPS, for Go and npm
build          module:x264                    libx264-dev               software encoder
build          package:libsrt-openssl-dev     libsrt-openssl-dev        SRT; srtgo links -lsrt, which the GnuTLS flavour has not
build          module:libva                   libva-dev                 encoders of Intel and AMD
build          module:libdrm                  libdrm-dev                GPU devices
ffmpeg         module:libavcodec              libavcodec-dev            FFmpeg 7.1
ffmpeg         module:libavdevice             libavdevice-dev           FFmpeg 7.1
ffmpeg         module:libavfilter             libavfilter-dev           FFmpeg 7.1
ffmpeg         module:libavformat             libavformat-dev           FFmpeg 7.1
ffmpeg         module:libavutil               libavutil-dev             FFmpeg 7.1
ffmpeg         module:libswresample           libswresample-dev         FFmpeg 7.1
ffmpeg         module:libswscale              libswscale-dev            FFmpeg 7.1
doubles        module:ffnvcodec               libffmpeg-nvenc-dev       headers of the NVIDIA drivers, for their doubles
ffmpeg-source  command:dpkg-source            dpkg-dev                  unpacks the source of FFmpeg
ffmpeg-source  command:nasm                   nasm                      assembler, for FFmpeg
ffmpeg-source  command:clang                  clang                     compiles the CUDA filters of FFmpeg
build          command:npm                    npm                       fetches hls.js, the player of the demo page
demo           command:ffmpeg                 ffmpeg                    publishes the broadcast
test           command:ffprobe                ffmpeg                    publishes and reads, as a client that is not ours
test           command:srt-live-transmit      srt-tools                 publishes by SRT, as a client that is not ours
test           command:nginx                  nginx-light               caches, as configs/nginx-edge.conf has it
test           command:chromium               chromium                  plays, as a client that is not ours
test           command:gst-launch-1.0         gstreamer1.0-tools        publishes, as a client that is not ours
test           package:gstreamer1.0-plugins-base gstreamer1.0-plugins-base  test picture and sound
test           package:gstreamer1.0-plugins-good gstreamer1.0-plugins-good  FLV
test           package:gstreamer1.0-plugins-bad  gstreamer1.0-plugins-bad   RTMP, SRT
test           package:gstreamer1.0-plugins-ugly gstreamer1.0-plugins-ugly  H.264
test           package:gstreamer1.0-libav        gstreamer1.0-libav         AAC
test           package:glib-networking        glib-networking           TLS, for GStreamer
test           command:etcd                   etcd-server               keeps the store of a fleet
test           command:ip                     iproute2                  networks that fail
test           command:aws                    awscli                    calls the API, as a client that is not ours
test           command:node                   nodejs                    runs the AWS SDK for JavaScript, likewise
test           command:promtool               prometheus                scrapes, and checks rules, as what is run beside ladderd
test           command:openssl                openssl                   makes playback keys, as the guide has it
bench          file:/usr/sbin/nginx           nginx-light               serves the same bytes, to compare with
bench          command:srt-live-transmit      srt-tools                 receives by SRT, to compare with
lint           command:shellcheck             shellcheck                checks these scripts
lint           command:systemd-analyze        systemd                   checks the units
systemd        command:debootstrap            debootstrap               makes the Debian in which the .deb is tried
systemd        command:nsenter                util-linux                enters it
systemd        command:ffmpeg                 ffmpeg                    publishes there
'

present() {
  local name=${1#*:}
  case $1 in
  command:*) command -v "$name" >/dev/null ;;
  file:*) [[ -e $name ]] ;;
  module:*) pkg-config --exists "$name" 2>/dev/null ;;
  package:*) [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] ;;
  esac
}

# as_root runs a command as root.
as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo -- "$@"; fi
}

# apt_get runs apt-get as root with its output in the log, whose end is shown if
# it fails.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=300 "$@" 2>&1 | tee -a "$log"
}

# failed ends with what apt said, and what to run in our place.
failed() {
  end_of "$log"
  die "$1" "put right what apt says above, or run as root:" "  $by_hand"
}

missing=()
while read -r group test package why; do
  [[ " $* " == *" $group "* ]] || continue
  present "$test" && continue
  say "missing: $package ($why)"
  missing+=("$package")
done < <(grep . <<<"$PACKAGES")

packages=${missing[*]}
[[ $packages || $* == lists ]] || exit 0
by_hand="apt-get update${packages:+ && apt-get install --no-install-recommends $packages}"
command -v apt-get >/dev/null ||
  die "this machine has no apt, so the above cannot be installed" "install it yourself, then run make again"
[[ $(id -u) == 0 ]] || command -v sudo >/dev/null ||
  die "there is no sudo to run apt with" "run as root: $by_hand"

alone "$(cache)/apt.lock"
log=$(cache)/apt.log
: >"$log"
say "refreshing apt's lists of packages"
apt_get update >/dev/null || failed "apt could not refresh its lists"
[[ $packages ]] || exit 0

# Servers that come with these packages are for tests to start: Prometheus would take the port
# of the daemon's own metrics. A policy that is there stays.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 0755 "$policy"
fi

total=$(apt-get --simulate --no-install-recommends install "${missing[@]}" 2>/dev/null | grep -c '^Inst') || true
say "installing ${#missing[@]} packages, $total with what they need"
apt_get --yes --no-install-recommends install "${missing[@]}" |
  counting $((3 * total)) '^(Get:|Unpacking|Setting up)' || failed "apt could not install what is missing"
