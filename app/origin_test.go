package app

import (
	"os"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
)

// TestMarksAreOfTheirDisk is a crash between the change of a disk and that of its
// marks, and a store that was copied.
func TestMarksAreOfTheirDisk(t *testing.T) {
	dir := ondisk.VMDir(t.TempDir())
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	a, b := mark{ID: "a"}, mark{ID: "b"}
	is := func(when string, want origin) {
		got := readOrigin(dir)
		got.File = 0
		if got != want {
			t.Errorf("%s: %+v, not %+v", when, got, want)
		}
	}
	write(dir.Disk(), "one")
	origin{Disk: a}.write(dir)
	is("as written", origin{Disk: a})

	next, err := ondisk.NewReplacement(dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := diskfile.Swap(next, dir.Disk(), dir.Undo()); err != nil {
		t.Fatal(err)
	}
	is("cut off after a restore", origin{Undo: a})
	origin{Disk: b, Undo: readOrigin(dir).Undo}.write(dir)
	is("after a restore", origin{Disk: b, Undo: a})

	if _, err := snapshot.Open(dir).Undo(t.Context(), dir.Disk()); err != nil {
		t.Fatal(err)
	}
	is("cut off after an undo", origin{Undo: b})
	origin{Disk: a, Undo: b}.write(dir)

	for _, path := range []string{dir.Disk(), dir.Undo()} {
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		write(path, "a copy")
	}
	is("copied", origin{Disk: a, Undo: b})
}
