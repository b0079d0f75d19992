package diskfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
)

func TestBackAndForth(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	put(t, disk, "one")
	if _, err := Back(disk, undo); !errors.Is(err, ErrNoUndo) {
		t.Errorf("nothing was kept: %v", err)
	}
	swap(t, disk, undo, "two")
	for _, texts := range [][2]string{{"one", "two"}, {"two", "one"}, {"one", "two"}} {
		if placed, err := Back(disk, undo); err != nil || !placed {
			t.Fatal(placed, err)
		}
		want(t, disk, texts[0])
		want(t, undo, texts[1])
	}
	os.Remove(disk)
	if placed, err := Back(disk, undo); err != nil || !placed {
		t.Fatal(placed, err)
	}
	want(t, disk, "two")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left are %v", entries)
	}
}

// TestUndoIsTheDisk is a crash between the two renames of a Swap.
func TestUndoIsTheDisk(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	put(t, disk, "one")
	if err := os.Link(disk, undo); err != nil {
		t.Fatal(err)
	}
	if placed, err := Back(disk, undo); !errors.Is(err, ErrNoUndo) || placed {
		t.Errorf("%v %v", placed, err)
	}
	if freed, err := Discard(disk, undo); err != nil || freed != 0 {
		t.Errorf("freed %d, %v", freed, err)
	}
	want(t, disk, "one")
}

func TestUndoIsNoFile(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.raw")
	put(t, disk, "one")
	for name, make := range map[string]func(undo string) error{
		"folder":       func(undo string) error { return os.Mkdir(undo, 0o700) },
		"link to one":  func(undo string) error { return os.Symlink(".", undo) },
		"link to none": func(undo string) error { return os.Symlink("nothing", undo) },
	} {
		undo := filepath.Join(dir, name)
		if err := make(undo); err != nil {
			t.Fatal(err)
		}
		if placed, err := Back(disk, undo); err == nil || placed {
			t.Errorf("%s: brought back", name)
		}
		if _, err := Discard(disk, undo); err == nil {
			t.Errorf("%s: discarded", name)
		}
	}
	want(t, disk, "one")
}

// TestExchangeByLinks stops after each of its steps: the link, the first
// rename, the second.
func TestExchangeByLinks(t *testing.T) {
	for step, texts := range [][2]string{{"one", "two"}, {"two", "one"}, {"two", "one"}} {
		dir := t.TempDir()
		disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
		put(t, disk, "one")
		put(t, undo, "two")
		temp := ondisk.TempName(undo)
		if step == 2 {
			if err := exchangeByLinks(disk, undo); err != nil {
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
		if err := findLost(disk, undo); err != nil {
			t.Fatal(err)
		}
		want(t, disk, texts[0])
		want(t, undo, texts[1])
		if placed, err := Back(disk, undo); err != nil || !placed {
			t.Fatalf("step %d: %v %v", step, placed, err)
		}
		want(t, disk, texts[1])
	}
}

func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	if _, err := Discard(disk, undo); !errors.Is(err, ErrNoUndo) {
		t.Errorf("nothing is there: %v", err)
	}
	put(t, undo, strings.Repeat("x", 1<<20))
	if freed, err := Discard(disk, undo); err != nil || freed < 1<<20 || freed > 2<<20 {
		t.Errorf("freed %d, %v", freed, err)
	}
	// A link of another's making: the link goes, what it leads to stays.
	mine := filepath.Join(dir, "mine")
	put(t, mine, "mine")
	if err := os.Symlink(mine, undo); err != nil {
		t.Fatal(err)
	}
	if freed, err := Discard(disk, undo); err != nil || freed != 0 {
		t.Errorf("freed %d, %v", freed, err)
	}
	want(t, mine, "mine")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left are %v", entries)
	}
}

func TestRenameNew(t *testing.T) {
	for name, rename := range map[string]func(from, to string) error{"at once": RenameNew, "by looking": renameFree} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		put(t, a, "a")
		if err := rename(a, b); err != nil {
			t.Fatal(err)
		}
		put(t, a, "new")
		if err := rename(a, b); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
		want(t, b, "a")
		if err := rename(filepath.Join(dir, "none"), filepath.Join(dir, "c")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
