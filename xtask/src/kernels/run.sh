# Second program of the guest: makes the machine's files a running system, runs the tests and powers off.
# The variables dir, modules, busybox and the function run_tests are set above.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH HOME=/root
out=$dir/out
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out "$out"
: >"$out/up"

# What runs on the machine left traces in these; here nothing of it runs.
mount -t tmpfs run /run
mkdir -p /run/netns /run/lock /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf

# The kernel asks for modules by this path.
release=$(uname -r)
mkdir -p "/lib/modules/$release"
mount --bind "$modules" "/lib/modules/$release"
printf '#!/bin/sh\nexec "%s" modprobe "$@"\n' "$busybox" >/run/modprobe
chmod 755 /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
# Nobody asks for this one: a device file stands for it where a service manager runs.
/run/modprobe tun

ip link set lo up
run_tests >"$out/log" 2>&1
code=$?
dmesg >"$out/dmesg"
echo "$code" >"$out/code"
sync
echo o >/proc/sysrq-trigger
# The power goes off meanwhile: a first program that ends is a panic.
sleep 60
