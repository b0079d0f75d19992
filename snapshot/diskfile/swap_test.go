package diskfile

import (
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, path, text string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != text {
		t.Errorf("%s holds %q (%v), not %q", path, b, err, text)
	}
}

func swap(t *testing.T, disk, undo, text string) (kept bool) {
	t.Helper()
	next, err := ondisk.NewReplacement(disk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.WriteString(text); err != nil {
		t.Fatal(err)
	}
	kept, placed, err := Swap(next, disk, undo)
	if err != nil || !placed {
		t.Fatal(placed, err)
	}
	want(t, disk, text)
	return kept
}

func TestSwap(t *testing.T) {
	dir := t.TempDir()
	disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
	if swap(t, disk, undo, "one") {
		t.Error("kept a disk that was not there")
	}
	if !swap(t, disk, undo, "two") {
		t.Error("kept nothing")
	}
	want(t, undo, "one")
	swap(t, disk, undo, "three")
	want(t, undo, "two")

	// A crash between the two renames leaves both names on one file.
	os.Remove(undo)
	if err := os.Link(disk, undo); err != nil {
		t.Fatal(err)
	}
	swap(t, disk, undo, "four")
	want(t, undo, "three")
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left are %v", entries)
	}
}

// TestSwapIsCutOff stops after the spare name is made, and after the new disk is
// in its place: the undo from before is not lost with a restore that was not.
func TestSwapIsCutOff(t *testing.T) {
	for placed, texts := range map[bool][2]string{false: {"now", "before"}, true: {"next", "now"}} {
		for _, then := range []string{"sweep", "back"} {
			texts, dir := texts, t.TempDir()
			disk, undo := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.undo")
			put(t, disk, "now")
			put(t, undo, "before")
			if _, err := newSpare(disk, undo); err != nil {
				t.Fatal(err)
			}
			if placed {
				next := filepath.Join(dir, "next")
				put(t, next, "next")
				if err := os.Rename(next, disk); err != nil {
					t.Fatal(err)
				}
			}
			kept, _, err := Kept(disk, undo)
			if err != nil {
				t.Fatal(err)
			}
			want(t, kept, texts[1])
			if then == "back" {
				if _, err := Back(disk, undo); err != nil {
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
				t.Errorf("placed %v, %s: left are %v", placed, then, entries)
			}
		}
	}
}

func TestSwapFailsBeforeAnythingMoves(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.raw")
	put(t, disk, "one")
	next, err := ondisk.NewReplacement(disk)
	if err != nil {
		t.Fatal(err)
	}
	kept, placed, err := Swap(next, disk, filepath.Join(dir, "no", "such", "undo"))
	if err == nil || kept || placed {
		t.Errorf("%v %v %v", kept, placed, err)
	}
	want(t, disk, "one")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left are %v", entries)
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	put(t, in("real"), "x")
	links := map[string]string{
		"link": "real", "link2": in("link"), "dangling": "none", "folder": ".", "loop": "loop2", "loop2": "loop",
		"dangling2": "dangling", "dangling3": "nowhere/none",
	}
	// A folder that is a link: ".." leads to where that leads, not to where it lies.
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
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	for _, name := range []string{"folder", "loop"} {
		if got, err := Resolve(in(name)); err == nil {
			t.Errorf("%s as a disk: %s", name, got)
		}
	}
}
