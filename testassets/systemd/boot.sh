#!/usr/bin/env bash
# Becomes the init process of a Debian tree: run as the first process of new PID, mount, network, UTS and
# IPC namespaces, with a cgroup of its own.
#
#   boot.sh ROOT CGROUP
set -euo pipefail
root=$1 cgroup=$2
if [[ ${3:-} != inside ]]; then
  echo 0 >"$cgroup/cgroup.procs"
  exec unshare --cgroup -- "$0" "$root" "$cgroup" inside # whose root is that cgroup
fi

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
  : >"dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm dev/before
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
hostname ladderd-test

pivot_root . dev/before
cd /
exec chroot . /bin/sh -c 'umount -l /dev/before && rmdir /dev/before && exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal --show-status=no'
