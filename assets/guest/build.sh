#!/bin/sh
# Builds the files of the built-in guest that are embedded in the program: the kernel, a
# compressed ext4 image of the root file system, and the agent for other guests. Needs go,
# e2fsprogs (mke2fs, debugfs) and busybox-static, but not root. The build is reproducible,
# and skipped if nothing has changed.
set -eu
LC_ALL=C
TZ=UTC
export LC_ALL TZ
umask 022
cd "$(dirname "$0")"
repo=$PWD/../..
out=$PWD/files
PATH=$PATH:/usr/sbin:/sbin

# Fixed for reproducible images. All VMs share this UUID, which is safe because a VM never
# uses the disk of another.
epoch=${SOURCE_DATE_EPOCH:-1767225600}
uuid=6d2f4f0e-5d0b-4c67-9a51-76746d000001
size=64M
kernel_module=github.com/gokrazy/kernel.amd64

fail() {
	echo "assets/guest/build.sh: $*" >&2
	exit 1
}
for tool in go mke2fs debugfs gzip sha256sum; do
	command -v $tool >/dev/null || fail "$tool is missing (Debian: golang, e2fsprogs, gzip, coreutils)"
done
busybox=
for candidate in /bin/busybox /usr/bin/busybox; do
	# A dynamically linked busybox would not run in the guest.
	if [ -x $candidate ] && ! head -c 4096 $candidate | grep -q ld-linux; then
		busybox=$candidate
		break
	fi
done
[ -n "$busybox" ] || fail "a static busybox is missing (Debian: busybox-static)"

cd "$repo"
kernel_version=$(go list -m -f '{{.Version}}' $kernel_module)
inputs() {
	echo "$epoch $size $kernel_version $(go version)"
	mke2fs -V 2>&1 | head -n 1
	grep golang.org/x/sys go.mod
	find assets/guest/rootfs vm/agent/guest vm/agent/wire -type l -exec readlink {} \;
	{
		echo $busybox
		find assets/guest/rootfs assets/guest/build.sh assets/guest/NOTICE.md \
			vm/agent/guest vm/agent/wire -type f ! -name '*_test.go'
	} | sort | xargs sha256sum
}
digest=$(inputs | sha256sum | cut -d ' ' -f 1)
if [ -f "$out/VERSION" ] && [ "$(tail -n 1 "$out/VERSION")" = "$digest" ]; then
	exit 0
fi

go mod download $kernel_module
kernel=$(go list -m -f '{{.Dir}}' $kernel_module)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tree=$work/tree

# The root file system.
mkdir -p "$tree"
cp -R assets/guest/rootfs/. "$tree"
cd "$tree"
mv sbin bin
mkdir -p dev proc sys run tmp root home mnt var/log var/empty \
	usr/local/bin usr/local/sbin usr/share/doc/linux usr/share/doc/busybox usr/share/doc/vmterminal etc/profile.d
ln -s bin sbin
ln -s ../bin usr/bin
ln -s ../bin usr/sbin
ln -s ../run var/run
ln -s ../tmp var/tmp
ln -s /run/resolv.conf etc/resolv.conf
ln -s /proc/mounts etc/mtab
cp "$busybox" bin/busybox
for applet in $("$busybox" --list); do
	[ -e "bin/$applet" ] || [ -L "bin/$applet" ] || ln -s busybox "bin/$applet"
done
(cd "$repo" && CGO_ENABLED=0 GOOS=linux GOARCH=amd64 GOFLAGS='' \
	go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -o "$tree/bin/vmterminal-agent" ./vm/agent/guest)
cp "$kernel/LICENSE.linux" "$kernel/LICENSE" usr/share/doc/linux/
if [ -r /usr/share/doc/busybox-static/copyright ]; then
	cp /usr/share/doc/busybox-static/copyright usr/share/doc/busybox/copyright
fi
cp "$repo/assets/guest/NOTICE.md" usr/share/doc/vmterminal/
find . -type d -exec chmod 755 {} +
find . -type f -perm -100 -exec chmod 755 {} +
find . -type f ! -perm -100 -exec chmod 644 {} +
chmod 700 root
chmod 1777 tmp
chmod 600 etc/shadow

# The image. Features are explicit, so that they do not depend on this machine's
# mke2fs.conf. resize reserves space to grow to 8 TiB while mounted.
printf '[fs_types]\n\text4 = {\n\t\tinode_size = 256\n\t}\n' >"$work/mke2fs.conf"
export E2FSPROGS_FAKE_TIME="$epoch" MKE2FS_CONFIG="$work/mke2fs.conf"
mke2fs -q -F -t ext4 -T ext4 -b 4096 -I 256 -i 16384 -m 1 -L root -U $uuid -J size=16 \
	-O none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum \
	-E "root_owner=0:0,hash_seed=$uuid,resize=2147483647,lazy_itable_init=1" \
	-d "$tree" "$work/root.ext4" $size >/dev/null

# mke2fs copies the owners and times of the files: set the owner to root and the times to
# a fixed value.
find . | sed 's,^\.,,' | sed 's,^$,/,' | sort | while read -r path; do
	echo "set_inode_field \"$path\" uid 0"
	echo "set_inode_field \"$path\" gid 0"
	for field in atime ctime mtime crtime; do
		echo "set_inode_field \"$path\" $field @$epoch"
		echo "set_inode_field \"$path\" ${field}_extra 0"
	done
done >"$work/script"
debugfs -w -f "$work/script" "$work/root.ext4" >"$work/log" 2>&1
if grep -v -e '^debugfs' -e '^$' "$work/log" >&2; then
	fail "debugfs could not set owners and times"
fi

gzip -n -9 <"$work/root.ext4" >"$work/root.ext4.gz"
gzip -n -9 <bin/vmterminal-agent >"$work/agent.gz"
busybox_version=$("$busybox" | sed -n '1s/^BusyBox v\([^ ]*\) (\(.*\)) multi.*/\1 (\2)/p')
# The version is in the header before the compressed part of the kernel.
linux_version=$(head -c 65536 "$kernel/vmlinuz" | tr -c '[:print:]' '\n' |
	sed -n 's/^\([0-9][0-9]*\.[0-9][0-9.]*\) (.*/\1/p' | head -n 1)
printf 'Linux %s, BusyBox %s\n%s\n' "$linux_version" "$busybox_version" "$digest" >"$work/VERSION"

mkdir -p "$out"
rm -f "$out/VERSION"
cp "$kernel/vmlinuz" "$work/vmlinuz"
chmod 644 "$work/vmlinuz"
mv -f "$work/vmlinuz" "$work/root.ext4.gz" "$work/agent.gz" "$out/"
mv -f "$work/VERSION" "$out/VERSION"
