#!/bin/sh
# The guest's first process: make it a machine that tests can run on, run them, and turn it off.
export PATH=/usr/sbin:/usr/bin HOME=/root TMPDIR=/tmp LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
for module in /modules/*; do
	insmod "$module" || echo "cannot insert $module"
done
ip link set lo up
. /job/environment
# Without KVM most of a process's time goes into stripping types; this does it once a file.
export NODE_COMPILE_CACHE=/tmp/compiled

cd /weir || exit
# shellcheck disable=SC2046 # a list of files
timeout "$LIMIT" node --test --test-reporter=tap --test-concurrency=2 $(cat /job/files) 2>&1
echo "node ended with $?"
sync
echo b >/proc/sysrq-trigger
