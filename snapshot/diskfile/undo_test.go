package diskfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
)

func TestRestoreThenUndo(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	write(t, disk, "one")
	if _, err := SwapBack(disk, undo); !errors.Is(err, ErrNoUndo) {
		t.Errorf("SwapBack without an undo disk: got %v, want ErrNoUndo", err)
	}
	swap(t, disk, undo, "two")
	for _, texts := range [][2]string{{"one", "two"}, {"two", "one"}, {"one", "two"}} {
		if placed, err := SwapBack(disk, undo); err != nil || !placed {
			t.Fatal(placed, err)
		}
		want(t, disk, texts[0])
		want(t, undo, texts[1])
	}
	os.Remove(disk)
	if placed, err := SwapBack(disk, undo); err != nil || !placed {
		t.Fatal(placed, err)
	}
	want(t, disk, "two")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got the files %v, want 1", entries)
	}
}

// TestUndoIsDisk simulates a crash between the two renames of a Swap.
func TestUndoIsDisk(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	write(t, disk, "one")
	if err := os.Link(disk, undo); err != nil {
		t.Fatal(err)
	}
	if placed, err := SwapBack(disk, undo); !errors.Is(err, ErrNoUndo) || placed {
		t.Errorf("SwapBack: got %v, %v; want ErrNoUndo", placed, err)
	}
	if freed, err := Discard(disk, undo); err != nil || freed != 0 {
		t.Errorf("Discard: got %d freed bytes, %v; want 0", freed, err)
	}
	want(t, disk, "one")
}

func TestUndoRejectsDirectory(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.raw")
	write(t, disk, "one")
	for name, create := range map[string]func(undo string) error{
		"folder":         func(undo string) error { return os.Mkdir(undo, 0o700) },
		"link to folder": func(undo string) error { return os.Symlink(".", undo) },
		"dangling link":  func(undo string) error { return os.Symlink("nothing", undo) },
	} {
		undo := filepath.Join(dir, name)
		if err := create(undo); err != nil {
			t.Fatal(err)
		}
		if placed, err := SwapBack(disk, undo); err == nil || placed {
			t.Errorf("%s: SwapBack: got no error, want one", name)
		}
		if _, err := Discard(disk, undo); err == nil {
			t.Errorf("%s: Discard: got no error, want one", name)
		}
	}
	want(t, disk, "one")
}

// TestExchangeByLinks stops after each step: the link, the first rename, the second
// rename.
func TestExchangeByLinks(t *testing.T) {
	for step, texts := range [][2]string{{"one", "two"}, {"two", "one"}, {"two", "one"}} {
		dir := t.TempDir()
		disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
		write(t, disk, "one")
		write(t, undo, "two")
		temp := durable.TempName(undo)
		if step == 2 {
			if placed, err := exchangeByLinks(disk, undo); err != nil || !placed {
				t.Fatal(err)
			}
		} else if err := os.Link(disk, temp); err != nil {
			t.Fatal(err)
		}
		if step == 1 {
			if err := os.Rename(undo, disk); err != nil {
				t.Fatal(err)
			}
		}
		if err := recoverUndo(disk, undo); err != nil {
			t.Fatal(err)
		}
		want(t, disk, texts[0])
		want(t, undo, texts[1])
		if placed, err := SwapBack(disk, undo); err != nil || !placed {
			t.Fatalf("step %d: SwapBack: got %v, %v; want true, no error", step, placed, err)
		}
		want(t, disk, texts[1])
	}
}

func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	if _, err := Discard(disk, undo); !errors.Is(err, ErrNoUndo) {
		t.Errorf("Discard without an undo disk: got %v, want ErrNoUndo", err)
	}
	write(t, undo, strings.Repeat("x", 1<<20))
	if freed, err := Discard(disk, undo); err != nil || freed < 1<<20 || freed > 2<<20 {
		t.Errorf("Discard: got %d freed bytes, %v; want 1 to 2 MiB", freed, err)
	}
	// If another program created the link, its target is kept.
	mine := filepath.Join(dir, "mine")
	write(t, mine, "mine")
	if err := os.Symlink(mine, undo); err != nil {
		t.Fatal(err)
	}
	if freed, err := Discard(disk, undo); err != nil || freed != 0 {
		t.Errorf("Discard: got %d freed bytes, %v; want 0", freed, err)
	}
	want(t, mine, "mine")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got the files %v, want 1", entries)
	}
}

func TestRenameNew(t *testing.T) {
	for name, rename := range map[string]func(from, to string) error{"atomic": RenameNew, "not atomic": renameIfFree} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		write(t, a, "a")
		if err := rename(a, b); err != nil {
			t.Fatal(err)
		}
		write(t, a, "new")
		if err := rename(a, b); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: got %v, want ErrExist", name, err)
		}
		want(t, b, "a")
		if err := rename(filepath.Join(dir, "none"), filepath.Join(dir, "c")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want ErrNotExist", name, err)
		}
	}
}
