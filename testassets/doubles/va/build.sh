#!/usr/bin/env bash
# Builds the VAAPI double into a folder, if its sources are newer than what is there.
#
#   build.sh FOLDER
#
# The driver has an FFmpeg of its own, which the process that loads it does not see.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
mkdir -p "$1"
out=$(cd "$1" && pwd)
exec 9>"$out/lock"
flock 9

driver=$out/ladderdouble_drv_video.so
drm=$out/libva-drm.so.2
environment=$(scripts/ffmpeg.sh env)
eval "$environment"
cd "$here"
# The environment names the FFmpeg, which is part of what is built.
if [[ -e $driver && -e $drm && $(cat "$out/va-built-with" 2>/dev/null) == "$environment" &&
  -z $(find . ../vadrm ../control -newer "$driver" -type f) ]]; then
  exit 0
fi
flags=(-std=gnu11 -O2 -Wall -Wextra -Werror -pthread -fPIC -shared -fvisibility=hidden)
read -ra ffmpeg < <(pkg-config --cflags --libs libswscale libavcodec libavutil)
gcc "${flags[@]}" -o "$drm" ../vadrm/drm.c -lva
gcc "${flags[@]}" -o "$driver.new" ./*.c ../control/*.c \
  -Wl,--exclude-libs,ALL -Wl,-Bsymbolic "${ffmpeg[@]}" -lx264
mv "$driver.new" "$driver"
printf '%s\n' "$environment" >"$out/va-built-with"
