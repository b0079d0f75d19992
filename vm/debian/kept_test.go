package debian

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
)

func TestKeptDisks(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	if list, err := List(cache); err != nil || list != nil {
		t.Fatalf("of no cache: %v, %v", list, err)
	}
	if err := os.Mkdir(cache, ondisk.DirMode); err != nil {
		t.Fatal(err)
	}
	old, other := ondisk.DebianImage(cache, "bookworm", "0123"), ondisk.DebianImage(cache, "trixie", "4567")
	for _, path := range []string{old, other, filepath.Join(cache, "vmlinuz"), filepath.Join(cache, "debian-bookworm-0123.raw.tmp")} {
		if err := os.WriteFile(path, nil, ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	list, err := List(cache)
	if err != nil || len(list) != 2 || list[0].Path != other || list[1].Release != "bookworm" || list[1].Built.IsZero() {
		t.Fatalf("%+v, %v", list, err)
	}
	lock, err := ondisk.TryLock(ondisk.DebianLock(cache, "bookworm"), "building")
	if err != nil {
		t.Fatal(err)
	}
	if err := Remove(cache, "bookworm"); !errors.Is(err, ondisk.ErrLocked) {
		t.Errorf("while one is built: %v", err)
	}
	if builds := Builds(cache); len(builds) != 1 || builds[0].Doing != "building" {
		t.Errorf("%+v", builds)
	}
	lock.Close()
	if err := Remove(cache, "bookworm"); err != nil {
		t.Error(err)
	}
	if list, err := List(cache); err != nil || len(list) != 1 || list[0].Path != other {
		t.Errorf("after that %+v, %v", list, err)
	}
	if builds := Builds(cache); len(builds) != 0 {
		t.Errorf("%+v", builds)
	}
}
