#!/busybox sh
# SPDX-License-Identifier: MIT
# The first process of the dom0: runs a command of the host in the host's own tree, and tells
# QEMU by its exit status whether that went well. Behind this the command is appended as /run.

/busybox mkdir /bin /host
/busybox --install -s /bin
export PATH=/bin

for module in /modules/*; do
    insmod "$module"
done

share() { # TAG FOLDER OPTIONS
    mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2"
}

share host /host ro,cache=loose
mount -t proc proc /host/proc
mount -t sysfs sys /host/sys
mount -t devtmpfs dev /host/dev
mkdir /host/dev/shm /host/dev/out
mount -t tmpfs shm /host/dev/shm
share out /host/dev/out rw

if chroot /host /bin/sh <run >/host/dev/out/output 2>&1; then
    code='\020' # QEMU exits with 2 * 16 + 1
else
    code='\021'
fi
printf "$code" | dd of=/host/dev/port bs=1 seek=244 conv=notrunc # isa-debug-exit
poweroff -f
