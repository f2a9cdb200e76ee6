#!/usr/bin/env bash
# Builds Debian's FFmpeg source package as static libraries.
#
#   ffmpeg-build.sh WORK LINE SUITE LOG CONFIGURE-FLAG…
#
# WORK is an empty directory; the libraries come to lie in WORK/prefix, which may
# be moved. The source is fetched by apt, which checks its signatures, from the
# mirror that this machine uses, with a private state: the system's apt is not
# touched, and no other release's packages become installable.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/say.sh
. ./say.sh

trap 'say "interrupted; the next make begins the build anew"; exit 130' INT
unset MAKEFLAGS MFLAGS MAKELEVEL # FFmpeg's make is none of our make's business
work=$1 line=$2 suite=$3 log=$4
shift 4
: >"$log"

NEEDS_MB=500
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
APT=(
  -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=-
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=-
  -o "Dir::State=$work/apt/state" -o Dir::State::status=/dev/null
  -o "Dir::Cache=$work/apt/cache"
  -o "APT::Architectures=$(dpkg --print-architecture)" -o Acquire::Languages=none
  -o "APT::Sandbox::User=$(id -un)"
)

# sources prints apt source lines for the suite, on this machine's own mirrors.
sources() {
  local release uri origin codename
  release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  # shellcheck disable=SC2016 # apt's variables, not ours
  apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CODENAME)' 'Created-By: Packages' | sort -u |
    while read -r uri origin codename; do
      [[ $origin == Debian ]] || continue
      case $codename in
      "$release" | "$release-security") ;;
      *) continue ;;
      esac
      printf "%s [signed-by=$KEYRING] %s %s main\n" \
        deb "$uri" "$suite${codename#"$release"}" deb-src "$uri" "$suite${codename#"$release"}"
    done
}

# room checks that the source and its objects will fit.
room() {
  local free
  free=$(df --output=avail --block-size=1M "$work" | tail -n 1)
  ((free > NEEDS_MB)) ||
    die "building FFmpeg needs $NEEDS_MB MB in ${work%/*}, which has ${free// /}" \
      "make room there, or set XDG_CACHE_HOME to a folder that has it"
}

fetch() {
  mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial" "$work/source"
  sources >"$work/apt/sources.list"
  [[ -s $work/apt/sources.list ]] ||
    die "apt knows no Debian mirror to fetch FFmpeg's source from" \
      "run \`apt-get update\` as root; on another distribution install FFmpeg $line with its" \
      "development files yourself, and let PKG_CONFIG_PATH lead to them"
  say "fetching the source of FFmpeg $line from Debian $suite"
  cd "$work/source"
  {
    logged "$log" apt-get "${APT[@]}" update &&
      logged "$log" apt-get "${APT[@]}" source --only-source ffmpeg &&
      logged "$log" apt-get "${APT[@]}" download libffmpeg-nvenc-dev
  } || die "could not fetch FFmpeg's source" \
    "check that this machine reaches its Debian mirror, then run make again"
}

# nvidia_headers unpacks the headers of NVIDIA's codec interfaces; the driver
# itself is loaded when it is there, at run time.
nvidia_headers() {
  local pc
  dpkg -x "$work"/source/libffmpeg-nvenc-dev_*.deb "$work/nvenc"
  pc=$(find "$work/nvenc" -name ffnvcodec.pc)
  sed -i "s|^prefix=.*|prefix=$work/nvenc/usr|" "$pc"
  export PKG_CONFIG_PATH="${pc%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
}

# compile runs make and tells every few seconds how far it has come. It stays in
# the foreground, so that Ctrl-C reaches the compilers too.
compile() {
  local total jobs
  total=$(make --dry-run | grep -cE 'printf .*(CC|X86ASM|AS|NVCC)\\t')
  jobs=$(parallel)
  say "compiling FFmpeg: $total files, $jobs at a time"
  make -j"$jobs" 2>&1 | tee -a "$log" | counting "$total" '^(CC|X86ASM|AS|NVCC)[[:space:]]'
}

# parallel prints how many compilers may run: one per processor, if memory allows.
parallel() {
  local by_memory
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 512 / 1024) }' /proc/meminfo)
  ((by_memory > 0)) || by_memory=1
  printf '%s\n' "$(nproc)" "$by_memory" | sort -n | head -n 1
}

room
fetch
cd "$work/source/ffmpeg-$line"*/
nvidia_headers
say "configuring FFmpeg $(cat RELEASE)"
logged "$log" ./configure --prefix=/usr "$@" ||
  die "FFmpeg's configure failed" "if it lacks a package, install it; all is in $log"
compile || {
  end_of "$log"
  die "FFmpeg did not compile" "all is in $log; if a compiler was killed, there was too little memory"
}
logged "$log" make install DESTDIR="$work/stage" || die "FFmpeg could not be installed into $work/stage"
mv "$work/stage/usr" "$work/prefix"
# The doubles of NVIDIA's drivers are built from the very headers that FFmpeg was.
cp -r "$work/nvenc/usr/include/ffnvcodec" "$work/prefix/include/"
find "$work/nvenc" -name ffnvcodec.pc -exec sed 's|^prefix=.*|prefix=/usr|' {} + >"$work/prefix/lib/pkgconfig/ffnvcodec.pc"
# shellcheck disable=SC2016 # pkg-config's variable, not ours
sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|; s|=/usr/|=${prefix}/|' "$work"/prefix/lib/pkgconfig/*.pc
