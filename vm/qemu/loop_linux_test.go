package qemu

import (
	"os"
	"path/filepath"
	"testing"
)

// If the user may not open a loop device, it is found by the path of its backing file.
func TestLoopDeviceByPath(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	disk, other := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "other.raw")
	write(disk, "disk")
	write(other, "other")
	if err := os.Symlink("disk.raw", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ backing, readOnly, want string }{
		"none":            {"", "0", ""},
		"the disk":        {disk, "0", "/dev/loop7"},
		"a link to it":    {filepath.Join(dir, "link"), "0", "/dev/loop7"},
		"only to read it": {disk, "1", ""},
		"another file":    {other, "0", ""},
		"a removed file":  {disk + " (deleted)", "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sys := t.TempDir()
			write(filepath.Join(sys, "block/loop7/ro"), c.readOnly+"\n")
			if c.backing != "" {
				write(filepath.Join(sys, "block/loop7/loop/backing_file"), c.backing+"\n")
			}
			f, err := os.Open(disk)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got := writableLoopDevice(f, sys, filepath.Join(dir, "dev"))
			if c.want != "" {
				c.want = filepath.Join(dir, c.want)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
