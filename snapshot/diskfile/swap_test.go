package diskfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, path, text string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != text {
		t.Errorf("%s contains %q (%v), want %q", path, b, err, text)
	}
}

func swap(t *testing.T, disk, undo, text string) (hasUndo bool) {
	t.Helper()
	next, err := durable.NewReplacement(disk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.WriteString(text); err != nil {
		t.Fatal(err)
	}
	hasUndo, placed, err := Swap(next, disk, undo)
	if err != nil || !placed {
		t.Fatal(placed, err)
	}
	want(t, disk, text)
	return hasUndo
}

func TestSwap(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	if swap(t, disk, undo, "one") {
		t.Error("Swap without a disk: got an undo disk, want none")
	}
	if !swap(t, disk, undo, "two") {
		t.Error("Swap: got no undo disk, want one")
	}
	want(t, undo, "one")
	swap(t, disk, undo, "three")
	want(t, undo, "two")

	// After a crash between the two renames both names refer to one file.
	os.Remove(undo)
	if err := os.Link(disk, undo); err != nil {
		t.Fatal(err)
	}
	swap(t, disk, undo, "four")
	want(t, undo, "three")
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("got the files %v, want 2", entries)
	}
}

// TestSwapInterrupted stops after the spare name is created, and after the new disk is in
// place. An unfinished restore must not lose the previous undo disk.
func TestSwapInterrupted(t *testing.T) {
	for placed, texts := range map[bool][2]string{false: {"now", "before"}, true: {"next", "now"}} {
		for _, then := range []string{"sweep", "back"} {
			texts, dir := texts, t.TempDir()
			disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
			write(t, disk, "now")
			write(t, undo, "before")
			if _, err := newSpare(disk, undo); err != nil {
				t.Fatal(err)
			}
			if placed {
				next := filepath.Join(dir, "next")
				write(t, next, "next")
				if err := os.Rename(next, disk); err != nil {
					t.Fatal(err)
				}
			}
			path, _, err := UndoDisk(disk, undo)
			if err != nil {
				t.Fatal(err)
			}
			want(t, path, texts[1])
			if then == "back" {
				if _, err := SwapBack(disk, undo); err != nil {
					t.Fatal(err)
				}
				texts[0], texts[1] = texts[1], texts[0]
			}
			if err := Sweep(disk, undo); err != nil {
				t.Fatal(err)
			}
			want(t, disk, texts[0])
			want(t, undo, texts[1])
			if entries, _ := os.ReadDir(dir); len(entries) != 2 {
				t.Errorf("placed %v, %s: got the files %v, want 2", placed, then, entries)
			}
		}
	}
}

// blockName creates a folder that no file can replace.
func blockName(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// swapUnplaced is like swap, but requires that the undo disk cannot be renamed to undo.
func swapUnplaced(t *testing.T, disk, undo, text string) {
	t.Helper()
	next, err := durable.NewReplacement(disk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.WriteString(text); err != nil {
		t.Fatal(err)
	}
	hasUndo, placed, err := Swap(next, disk, undo)
	if !hasUndo || !placed || !errors.Is(err, ErrUndoNotPlaced) {
		t.Fatalf("Swap: got %v, %v, %v; want true, true, ErrUndoNotPlaced", hasUndo, placed, err)
	}
	want(t, disk, text)
}

// TestSweepKeepsReplacedDisk blocks the name of the undo disk. UndoDisk must find the
// replaced disk until it can be renamed.
func TestSweepKeepsReplacedDisk(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	write(t, disk, "one")
	blockName(t, undo)
	swapUnplaced(t, disk, undo, "two")
	write(t, durable.TempName(disk), "unfinished")
	for range 2 {
		if err := Sweep(disk, undo); !errors.Is(err, ErrUndoNotPlaced) {
			t.Fatalf("Sweep: got %v, want ErrUndoNotPlaced", err)
		}
		path, _, err := UndoDisk(disk, undo)
		if err != nil {
			t.Fatal(err)
		}
		want(t, path, "one")
	}
	if placed, err := SwapBack(disk, undo); placed || !errors.Is(err, ErrUndoNotPlaced) {
		t.Errorf("SwapBack: got %v, %v; want false, ErrUndoNotPlaced", placed, err)
	}
	if _, err := Discard(disk, undo); !errors.Is(err, ErrUndoNotPlaced) {
		t.Errorf("Discard: got %v, want ErrUndoNotPlaced", err)
	}
	if err := os.RemoveAll(undo); err != nil {
		t.Fatal(err)
	}
	if placed, err := SwapBack(disk, undo); !placed || err != nil {
		t.Fatal(placed, err)
	}
	want(t, disk, "one")
	want(t, undo, "two")
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("got the files %v, want 2", entries)
	}
}

// TestSweepWithoutDisk interrupts a Swap and then moves the disk away. No other disk may be
// lost, and the replaced disk must be able to become the disk again.
func TestSweepWithoutDisk(t *testing.T) {
	for name, c := range map[string]struct {
		before string // the undo disk, "" for none
		placed bool   // the new disk is in place
	}{
		"no undo before": {"", true}, "an undo before": {"before", true},
		"not placed": {"before", false}, "not placed, no undo before": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			disk, undo, away := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo"), filepath.Join(dir, "away")
			write(t, disk, "now")
			if c.before != "" {
				write(t, undo, c.before)
			}
			if _, err := newSpare(disk, undo); err != nil {
				t.Fatal(err)
			}
			if c.placed {
				write(t, filepath.Join(dir, "next"), "next")
				if err := os.Rename(filepath.Join(dir, "next"), disk); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Rename(disk, away); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := Sweep(disk, undo); err != nil {
					t.Fatal(err)
				}
				path, _, err := UndoDisk(disk, undo)
				if err != nil {
					t.Fatal(err)
				}
				want(t, path, "now")
			}
			if c.before != "" {
				want(t, undo, c.before)
			}
			if placed, err := SwapBack(disk, undo); !placed || err != nil {
				t.Fatal(placed, err)
			}
			want(t, disk, "now")
			if err := Sweep(disk, undo); err != nil {
				t.Fatal(err)
			}
			if c.before != "" {
				want(t, undo, c.before)
			}
		})
	}
}

// TestSweepWithTwoLostDisks checks that Sweep keeps both disks, as it cannot know which is
// newer.
func TestSweepWithTwoLostDisks(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	write(t, disk, "disk")
	first, second := durable.TempName(undo), durable.TempName(undo)
	write(t, first, "first")
	write(t, second, "second")
	if err := Sweep(disk, undo); !errors.Is(err, ErrUndoNotPlaced) {
		t.Errorf("Sweep: got %v, want ErrUndoNotPlaced", err)
	}
	want(t, first, "first")
	want(t, second, "second")
	os.Remove(first)
	if err := Sweep(disk, undo); err != nil {
		t.Error(err)
	}
	want(t, undo, "second")
}

func TestSwapFailsBeforeRename(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.raw")
	write(t, disk, "one")
	next, err := durable.NewReplacement(disk)
	if err != nil {
		t.Fatal(err)
	}
	hasUndo, placed, err := Swap(next, disk, filepath.Join(dir, "no", "such", "undo"))
	if err == nil || hasUndo || placed {
		t.Errorf("got %v, %v, %v; want false, false and an error", hasUndo, placed, err)
	}
	want(t, disk, "one")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got the files %v, want 1", entries)
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write(t, in("real"), "x")
	links := map[string]string{
		"link": "real", "link2": in("link"), "dangling": "none", "folder": ".", "loop": "loop2", "loop2": "loop",
		"dangling2": "dangling", "dangling3": "nowhere/none",
	}
	// In a folder that is a link, ".." is the parent of the link's target.
	elsewhere := t.TempDir()
	if err := os.Mkdir(filepath.Join(elsewhere, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	links["away"] = filepath.Join(elsewhere, "sub")
	if err := os.Symlink("../none", filepath.Join(elsewhere, "sub", "out")); err != nil {
		t.Fatal(err)
	}
	for name, to := range links {
		if err := os.Symlink(to, in(name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, real := range map[string]string{
		"real": "real", "link": "real", "link2": "real", "missing": "missing", "dangling": "none", "dangling2": "none",
		"dangling3": "nowhere/none", "away/missing": elsewhere + "/sub/missing", "away/out": elsewhere + "/none",
	} {
		if !filepath.IsAbs(real) {
			real = in(real)
		}
		if got, err := Resolve(in(name)); err != nil || got != real {
			t.Errorf("Resolve(%s) = %s, %v; want %s", name, got, err, real)
		}
	}
	for _, name := range []string{"folder", "loop"} {
		if got, err := Resolve(in(name)); err == nil {
			t.Errorf("Resolve(%s) = %s, want an error", name, got)
		}
	}
}
