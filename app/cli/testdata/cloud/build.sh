#!/bin/bash
# Creates a disk like a distribution's cloud images: from Debian packages, with
# cloud-init and without our agent. GPT, a small root file system that must grow, a boot
# loader maintained by the kernel packages, and logins by key only.
#
#   build.sh systemd|openrc DISK.qcow2
#
# Needs neither root nor loop devices. Uses the APT sources of this machine.
set -euo pipefail
init=$1 out=$2 release=bookworm
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin

# shellcheck disable=SC2016 # apt-get's own variables
mapfile -t sources < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
	awk -v is="$release" '$2 ~ "^" is "(-updates|-security)?$" && $3 == "main" { print "deb", $0 }' | sort -u)
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[[ -z ${http_proxy:-} || $http_proxy == DIRECT ]] || export http_proxy

packages=linux-image-cloud-amd64,initramfs-tools,grub2-common,grub-pc-bin,cloud-init,cloud-guest-utils,openssh-server,udev,dbus,kmod,iproute2,e2fsprogs,fdisk,procps
case $init in
systemd) packages+=,systemd-sysv,libpam-systemd,systemd-resolved ;;
openrc) packages+=,sysvinit-core,openrc,ifupdown,isc-dhcp-client ;;
*) exit 2 ;;
esac

work=$(mktemp -d "$out.work.XXXX")
trap 'rm -rf "$work"' EXIT

# Partition offsets of Debian's own images, in sectors.
bios=2048 biosLength=6144 efi=8192 efiLength=253952 root=262144 rootLength=2093056
total=$((root + rootLength + 2048))

# An emulated boot takes a minute: leave out what the guest does not need.
mkdir -p "$work/overlay/etc/initramfs-tools/conf.d" "$work/overlay/etc/cloud/cloud.cfg.d" "$work/overlay/etc/network"
echo MODULES=list >"$work/overlay/etc/initramfs-tools/conf.d/few"
printf 'virtio_pci\nvirtio_blk\next4\n' >"$work/overlay/etc/initramfs-tools/modules"
printf 'locale: C.UTF-8\nmanage_etc_hosts: true\n' >"$work/overlay/etc/cloud/cloud.cfg.d/01_debian_cloud.cfg"
if [[ $init == openrc ]]; then
	# Alpine's sshd has no PAM.
	mkdir -p "$work/overlay/etc/ssh/sshd_config.d"
	echo 'UsePAM no' >"$work/overlay/etc/ssh/sshd_config.d/no-pam.conf"
	# Debian's cloud-init starts there once the network is up.
	printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n' >"$work/overlay/etc/network/interfaces"
	echo 'network: {config: disabled}' >"$work/overlay/etc/cloud/cloud.cfg.d/02_network.cfg"
fi
tar -C "$work/overlay" --owner 0 --group 0 -cf "$work/overlay.tar" .

cat >"$work/customize" <<END
set -eu
root=\$1
rm -f "\$root"/etc/ssh/ssh_host_*
: >"\$root/etc/machine-id"
rm -f "\$root/var/lib/dbus/machine-id"
echo localhost >"\$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost\n' >"\$root/etc/hosts"
echo 'LABEL=root / ext4 rw,errors=remount-ro 0 1' >"\$root/etc/fstab"
printf '%s\n' 'GRUB_TIMEOUT=0' 'GRUB_CMDLINE_LINUX="net.ifnames=0 console=ttyS0"' 'GRUB_TERMINAL="serial console"' >"\$root/etc/default/grub"
modules=\$root/boot/grub/i386-pc
mkdir -p "\$modules"
cp "\$root"/usr/lib/grub/i386-pc/*.mod "\$root"/usr/lib/grub/i386-pc/*.lst "\$root/usr/lib/grub/i386-pc/boot.img" "\$modules/"
chroot "\$root" grub-mkimage -O i386-pc -o /boot/grub/i386-pc/core.img -p '(,gpt1)/boot/grub' \
	biosdisk part_gpt ext2 normal configfile linux serial terminal search echo test ls cat
# Used until a kernel package runs update-grub in the guest.
cat >"\$root/boot/grub/grub.cfg" <<'CFG'
serial
terminal_output serial console
set timeout=0
menuentry Debian {
	linux /vmlinuz root=LABEL=root ro net.ifnames=0 console=ttyS0
	initrd /initrd.img
}
CFG
END
if [[ $init == systemd ]]; then
	cat >>"$work/customize" <<'END'
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
chroot "$root" systemctl --quiet enable systemd-networkd.service systemd-resolved.service
END
fi

mmdebstrap --variant=minbase --dpkgopt=force-unsafe-io --format=tar --architectures=amd64 --components=main --include="$packages" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--essential-hook="tar-in '$work/overlay.tar' /" \
	--customize-hook="$(<"$work/customize")" "$release" "$work/root.tar" ${sources[@]+"${sources[@]}"}

unpack() {
	set -e
	mkdir "$2"
	tar -x -f "$1" -C "$2" --numeric-owner --same-permissions --same-owner
	mke2fs -q -F -t ext4 -L root -E root_owner=0:0,lazy_itable_init=1 -d "$2" "$3" "$4"
}
export -f unpack
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(fakeroot --)
"${as_root[@]}" bash -c 'unpack "$@"' - "$work/root.tar" "$work/tree" "$work/root.ext4" "$((rootLength / 2))k"

disk=$work/disk
truncate -s $((total * 512)) "$disk"
sfdisk -q "$disk" <<END
label: gpt
1 : start=$root, size=$rootLength, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
14 : start=$bios, size=$biosLength, type=21686148-6449-6E6F-744E-656564454649
15 : start=$efi, size=$efiLength, type=U
END
dd if="$work/root.ext4" of="$disk" bs=1M seek=$((root / 2048)) conv=notrunc,sparse status=none

# GRUB's first sector and core image expect to be in the first sectors of the disk. Patch
# them with the location of the BIOS boot partition.
number() { # N as eight bytes, little endian
	# shellcheck disable=SC2059 # the escapes are intended
	printf "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) 0 0 0 0 0)"
}
at() { dd of="$disk" bs=1 seek="$1" conv=notrunc status=none; }
grub=$work/tree/boot/grub/i386-pc
head -c 440 "$grub/boot.img" | at 0
number $bios | at $((0x5c))
dd if="$grub/core.img" of="$disk" bs=512 seek=$bios conv=notrunc status=none
number $((bios + 1)) | at $((bios * 512 + 0x1f4))

qemu-img convert -q -f raw -O qcow2 "$disk" "$work/image"
sync "$work/image"
mv "$work/image" "$out"
