#!/bin/sh
# Run by mmdebstrap on the new system, whose root is $1, once all is installed and
# rootfs/ is in it.
set -eu
root=$1

# Each machine makes its own.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
chroot "$root" systemctl --quiet enable vmterminal-agent.service vmterminal-hostkeys.service \
	systemd-networkd.service systemd-resolved.service

# The boot loader: all that it needs to read grub.cfg is in core.img, which goes
# before the partition. The modules are for a grub.cfg of its owner's own.
modules=$root/boot/grub/i386-pc
mkdir -p "$modules"
cp "$root"/usr/lib/grub/i386-pc/*.mod "$root"/usr/lib/grub/i386-pc/*.lst "$root/usr/lib/grub/i386-pc/boot.img" "$modules/"
chroot "$root" grub-mkimage -O i386-pc -o /boot/grub/i386-pc/core.img -p '(,msdos1)/boot/grub' \
	biosdisk part_msdos ext2 normal configfile linux serial terminal search echo test ls cat
