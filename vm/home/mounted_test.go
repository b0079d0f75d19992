package home

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"vmterminal/snapshot/durable"
)

func TestUnmountedPoint(t *testing.T) {
	const fstab = "# /mnt/remark x y\nUUID=1 / ext4 defaults 0 1\nUUID=2 /mnt/my\\040disk/ ext4 noauto 0 2\n/dev/sdb1 none swap sw 0 0\n"
	const root = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	const disk = root + "30 22 8:17 / /mnt/my\\040disk rw - ext4 /dev/sdb rw\n"
	for _, c := range []struct{ path, mounts, want string }{
		{"/mnt/my disk", root, "/mnt/my disk"},
		{"/mnt/my disk/vms", root, "/mnt/my disk"},
		{"/mnt/my disk/vms", disk, ""},
		{"/mnt/my disks", root, ""},
		{"/mnt/remark", root, ""},
		{"/home/me/.vmterminal", root, ""},
	} {
		if got := unmountedPoint(fstab, c.mounts, c.path); got != c.want {
			t.Errorf("unmountedPoint(%s) with mounts %q = %q, want %q", c.path, c.mounts, got, c.want)
		}
	}
}

func TestCheckMountedReadsFstab(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	defer func(path string) { fstabPath = path }(fstabPath)
	fstabPath = filepath.Join(t.TempDir(), "fstab")
	point := t.TempDir()
	home := Dir(filepath.Join(point, "store"))
	for line, want := range map[string]error{
		"/dev/sdz1 " + point + " ext4 noauto 0 2\n": durable.ErrNotMounted,
		"/dev/sdz1 /mnt/other ext4 noauto 0 2\n":    nil,
	} {
		if err := os.WriteFile(fstabPath, []byte(line), durable.FileMode); err != nil {
			t.Fatal(err)
		}
		if err := home.CheckMounted(); !errors.Is(err, want) {
			t.Errorf("CheckMounted with fstab %q: %v, want %v", line, err, want)
		}
	}
}
