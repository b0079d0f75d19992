package torture

import (
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/torture/blocklog"
)

// TestDeviceRecords sends requests directly to the file, without a loop device.
func TestDeviceRecords(t *testing.T) {
	dir := tortureDir(t)
	image, served := filepath.Join(dir, "image"), filepath.Join(dir, "served")
	if err := os.WriteFile(image, make([]byte, 4<<12), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(served, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := blocklog.Serve(served, image)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	f, err := os.OpenFile(d.Path(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("one"), 1<<12); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("two"), 2<<12); err != nil {
		t.Fatal(err)
	}
	log := d.Entries(0, d.Position())
	if len(log) != 3 || string(log[0].Data) != "one" || log[0].Off != 1<<12 || !log[1].IsFlush() || string(log[2].Data) != "two" {
		t.Errorf("got log %v, want a write of \"one\", a flush and a write of \"two\"", log)
	}
	got := make([]byte, 3)
	if _, err := f.ReadAt(got, 1<<12); err != nil || string(got) != "one" {
		t.Errorf("got %q, %v, want \"one\"", got, err)
	}
}
