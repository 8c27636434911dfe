#!/bin/busybox sh
# First program of the guest: puts a writable layer over the files of the machine that it runs on, and goes there.
# /job names the directory with run.sh; everything else that is needed comes from the machine's own files.
bb=/bin/busybox

fail() {
    echo "xiot guest: $*"
    $bb poweroff -f
}

$bb mount -t devtmpfs dev /dev
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
while read -r module; do
    # What is built in is not found, and shows by what it does below.
    $bb modprobe "$module" 2>/dev/null
done </modules
$bb mkdir /below /above /new
$bb mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 root /below || fail "no files of the machine"
$bb mount -t tmpfs -o size=75% above /above
$bb mkdir /above/files /above/work
$bb mount -t overlay -o lowerdir=/below,upperdir=/above/files,workdir=/above/work overlay /new || fail "no writable layer"
for dir in dev proc sys; do
    $bb mount --move /$dir /new/$dir
done
read -r job </job
exec $bb switch_root /new /bin/sh "$job/run.sh"
