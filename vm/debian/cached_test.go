package debian

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

func TestListAndRemoveDisks(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	if list, err := List(cache); err != nil || list != nil {
		t.Fatalf("without a cache: got %v, %v; want nil", list, err)
	}
	if err := os.Mkdir(cache, durable.DirMode); err != nil {
		t.Fatal(err)
	}
	old, other := home.DebianImage(cache, "bookworm", "0123"), home.DebianImage(cache, "trixie", "4567")
	for _, path := range []string{old, other, filepath.Join(cache, "vmlinuz"), filepath.Join(cache, "debian-bookworm-0123.raw.tmp")} {
		if err := os.WriteFile(path, nil, durable.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	list, err := List(cache)
	if err != nil || len(list) != 2 || list[0].Path != other || list[1].Release != "bookworm" || list[1].Built.IsZero() {
		t.Fatalf("List: got %+v, %v; want 2 entries", list, err)
	}
	lock, err := durable.TryLock(home.DebianLock(cache, "bookworm"), durable.Activity{Code: ActivityBuild, Name: "bookworm"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Remove(cache, "bookworm"); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("Remove during a build: got error %v, want error %v", err, durable.ErrLocked)
	}
	if builds := ActiveBuilds(cache); len(builds) != 1 || builds[0].Activity.Code != ActivityBuild {
		t.Errorf("ActiveBuilds: got %+v, want 1 entry", builds)
	}
	lock.Close()
	if err := Remove(cache, "bookworm"); err != nil {
		t.Error(err)
	}
	if list, err := List(cache); err != nil || len(list) != 1 || list[0].Path != other {
		t.Errorf("after Remove: got %+v, %v; want 1 entry", list, err)
	}
	if builds := ActiveBuilds(cache); len(builds) != 0 {
		t.Errorf("ActiveBuilds: got %+v, want none", builds)
	}
}
