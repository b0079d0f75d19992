package snapshot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
)

// automatic creates a snapshot as a schedule does.
func automatic(t *testing.T, dir Paths, name string, unlessSame bool) (Created, error) {
	t.Helper()
	req := Request{Name: name, VM: "default", Automatic: true, UnlessSame: unlessSame}
	return Open(dir).Create(context.Background(), openDisk(t, dir), req, nil)
}

// TestAutomaticUntilRenamed checks that an automatic snapshot counts as manual once it is
// renamed.
func TestAutomaticUntilRenamed(t *testing.T) {
	ctx := context.Background()
	dir := vmDir(t, content(1, 3*mib))
	store := Open(dir)
	made, err := automatic(t, dir, "auto-1", false)
	if err != nil || !made.Automatic {
		t.Fatalf("automatic: got %+v, %v; want Automatic", made, err)
	}
	if alike := create(t, dir, "auto-2"); alike.Automatic {
		t.Error("got an automatic snapshot because of its name, want a manual one")
	}
	checkAutomatic := func(when, name string, want bool) {
		t.Helper()
		if i := get(t, dir, name); i.Automatic != want {
			t.Errorf("%s: automatic = %v, want %v", when, i.Automatic, want)
		}
	}
	for _, step := range []struct {
		when, name string
		act        func() error
		want       bool
	}{
		{"described", "auto-1", func() error { return store.Describe(ctx, "auto-1", strings.Repeat("long ", 800)) }, true},
		{"pinned", "auto-1", func() error { return store.Pin(ctx, "auto-1", true) }, true},
		{"rows lost", "auto-1", func() error { return os.WriteFile(dir.Rows, nil, durable.FileMode) }, true},
		{"moved by hand", "mine", func() error { return os.Rename(store.filePath("auto-1"), store.filePath("mine")) }, false},
		{"moved back", "auto-1", func() error { return os.Rename(store.filePath("mine"), store.filePath("auto-1")) }, true},
		{"other capitals", "AUTO-1", func() error { return store.Rename(ctx, "auto-1", "AUTO-1") }, false},
		{"renamed", "mine", func() error { return store.Rename(ctx, "AUTO-1", "mine") }, false},
		{"file gone", "mine", func() error { return os.Remove(store.filePath("mine")) }, false},
	} {
		if err := step.act(); err != nil {
			t.Fatalf("%s: got error %v, want no error", step.when, err)
		}
		checkAutomatic(step.when, step.name, step.want)
	}
	checkAutomatic("never", "auto-2", false)
}

// TestMissingAutomaticSnapshot lists a snapshot whose file is missing.
func TestMissingAutomaticSnapshot(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	if _, err := automatic(t, dir, "auto-1", false); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(Open(dir).filePath("auto-1")); err != nil {
		t.Fatal(err)
	}
	if i := get(t, dir, "auto-1"); i.State != StateMissing || !i.Automatic {
		t.Errorf("get: got %+v, want State %v, Automatic", i, StateMissing)
	}
}

func TestKeepAutomaticOf(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(hours int, change func(*Info)) Info {
		i := Info{State: StateOK, Automatic: true, VM: "dev", Created: now.Add(-time.Duration(hours) * time.Hour)}
		change(&i)
		return i
	}
	list := []Info{
		at(-1, func(*Info) {}), // from the future
		at(1, func(i *Info) { i.Automatic = false }),
		at(2, func(i *Info) { i.Pinned = true }),
		at(3, func(*Info) {}),
		at(4, func(i *Info) { i.State = StateImported }),
		at(5, func(i *Info) { i.State = StateDamaged }),
		at(6, func(i *Info) { i.VM = "other" }),
		at(7, func(*Info) {}),
		at(8, func(*Info) {}),
		at(9, func(i *Info) { i.Automatic = false }),
		at(10, func(i *Info) { i.Foreign = true }),
	}
	got := ""
	for _, kept := range (Keep{Last: 2, AutomaticOf: "dev"}).selectKept(list, now) {
		got += map[bool]string{true: "+", false: "-"}[kept]
	}
	if want := "++++++++-++"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPruneKeepsCopiesFromOtherVMs checks that Prune keeps a copy from another VM, even
// after the rows were lost.
func TestPruneKeepsCopiesFromOtherVMs(t *testing.T) {
	ctx := context.Background()
	from, dir := vmDir(t, content(1, mib)), vmDir(t, content(2, mib))
	req := Request{Name: "auto-1", VM: "other", Automatic: true}
	if _, err := Open(from).Create(ctx, openDisk(t, from), req, nil); err != nil {
		t.Fatal(err)
	}
	store := Open(dir)
	writeFile(t, store.filePath("auto-1"), readFile(t, Open(from).filePath("auto-1")))
	for _, name := range []string{"auto-2", "auto-3"} {
		if _, err := automatic(t, dir, name, false); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, dir.Rows, nil)
	if i := get(t, dir, "auto-1"); i.State != StateOK || !i.Automatic {
		t.Fatalf("copy from another VM: got %+v, want State %v, Automatic", i, StateOK)
	}
	done, err := store.Prune(ctx, Keep{Last: 1, AutomaticOf: "default"}, time.Now(), false)
	if err != nil || len(done.Deleted) != 1 || done.Deleted[0].Name != "auto-2" {
		t.Errorf("Prune: got %+v deleted, %v; want auto-2", done.Deleted, err)
	}
}

func TestCreateUnlessSame(t *testing.T) {
	before, after := grown()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir Paths)
		made    bool
	}{
		"no snapshot": {func(*testing.T, Paths) {}, true},
		"the same":    {func(t *testing.T, dir Paths) { create(t, dir, "a") }, false},
		"one byte differs": {func(t *testing.T, dir Paths) {
			create(t, dir, "a")
			writeFile(t, dir.Disk, after)
		}, true},
		"longer by zeros": {func(t *testing.T, dir Paths) {
			create(t, dir, "a")
			writeFile(t, dir.Disk, append(before[:len(before):len(before)], 0))
		}, true},
		"as the one before the newest": {func(t *testing.T, dir Paths) {
			create(t, dir, "a")
			writeFile(t, dir.Disk, after)
			create(t, dir, "b")
			writeFile(t, dir.Disk, before)
		}, true},
		"the same, but damaged": {func(t *testing.T, dir Paths) {
			create(t, dir, "a")
			b := readFile(t, Open(dir).filePath("a"))
			b[len(b)/3] ^= 1
			writeFile(t, Open(dir).filePath("a"), b)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, before)
			c.prepare(t, dir)
			there := tree(t, filepath.Dir(dir.Disk))
			made, err := automatic(t, dir, "auto-1", true)
			if c.made {
				if err != nil || made.Name != "auto-1" {
					t.Errorf("got %+v, %v; want Name %q", made, err, "auto-1")
				}
				return
			}
			if !errors.Is(err, ErrUnchanged) || !strings.Contains(err.Error(), `"a"`) {
				t.Errorf("got error %v, want ErrUnchanged with the name \"a\"", err)
			}
			if now := tree(t, filepath.Dir(dir.Disk)); now != there {
				t.Errorf("got the files %q, want %q", now, there)
			}
		})
	}
}

// TestPurposeUntilDescribed checks that a purpose is kept in the file and in its row until a
// description replaces it.
func TestPurposeUntilDescribed(t *testing.T) {
	ctx := context.Background()
	dir := vmDir(t, content(1, 3*mib))
	store := Open(dir)
	req := Request{Name: "a", Purpose: Purpose{Code: "undo", Value: "be\x1bfore"}}
	want := Purpose{Code: "undo", Value: "be fore"}
	if made, err := store.Create(ctx, openDisk(t, dir), req, nil); err != nil || made.Purpose != want {
		t.Fatalf("Create: got %+v, %v; want purpose %+v", made, err, want)
	}
	for _, step := range []struct {
		when string
		act  func() error
		want Purpose
	}{
		{"renamed", func() error { return store.Rename(ctx, "a", "b") }, want},
		{"rows lost", func() error { return os.WriteFile(dir.Rows, nil, durable.FileMode) }, want},
		{"described", func() error { return store.Describe(ctx, "b", "mine") }, Purpose{}},
		{"description removed", func() error { return store.Describe(ctx, "b", "") }, Purpose{}},
	} {
		if err := step.act(); err != nil {
			t.Fatalf("%s: %v", step.when, err)
		}
		if i := get(t, dir, "b"); i.Purpose != step.want {
			t.Errorf("%s: got purpose %+v, want %+v", step.when, i.Purpose, step.want)
		}
	}
}
