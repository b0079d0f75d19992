package app

import (
	"os"
	"strings"
	"testing"

	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// After a crash between changing a disk and writing its origin, or after the store was copied,
// no wrong snapshot may be marked as current.
func TestOriginBelongsToDisk(t *testing.T) {
	dir := home.VMDir(t.TempDir())
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), durable.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	a, b := snapshotRef{ID: "a"}, snapshotRef{ID: "b"}
	is := func(when string, want origin) {
		got := readOrigin(dir)
		got.File = 0
		if got != want {
			t.Errorf("%s: got %+v, want %+v", when, got, want)
		}
	}
	write(dir.Disk(), "one")
	origin{Disk: a}.write(dir)
	is("as written", origin{Disk: a})

	next, err := durable.NewReplacement(dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := diskfile.Swap(next, dir.Disk(), dir.Undo()); err != nil {
		t.Fatal(err)
	}
	is("cut off after a restore", origin{Undo: a})
	origin{Disk: b, Undo: readOrigin(dir).Undo}.write(dir)
	is("after a restore", origin{Disk: b, Undo: a})

	if _, err := snapshot.Open(SnapshotPaths(dir)).Undo(t.Context(), dir.Disk()); err != nil {
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

// Members that a newer version wrote are preserved when a file is rewritten.
func TestStateKeepsUnknownMembers(t *testing.T) {
	dir := home.VMDir(t.TempDir())
	for _, file := range []struct {
		path, text string
		write      func() error
		want       []string
	}{
		{
			dir.Origin(), `{"disk":{"id":"a","kind":"new"},"undo":{},"reason":"newer"}`,
			func() error {
				o := readOrigin(dir)
				o.Restored = snapshotRef{ID: "b"}
				o.write(dir)
				return nil
			},
			[]string{`"id": "a"`, `"id": "b"`, `"kind": "new"`, `"reason": "newer"`},
		},
		{
			dir.Automatic(), "\ufeff" + `{"failure":"old","window":"22:00"}`,
			func() error { return automaticRecord{automaticFailure: automaticFailure{Failure: "new"}}.write(dir) },
			[]string{`"failure": "new"`, `"window": "22:00"`},
		},
		{
			dir.Automatic(), "not JSON",
			func() error { return automaticRecord{automaticFailure: automaticFailure{Failure: "new"}}.write(dir) },
			[]string{`"failure": "new"`},
		},
	} {
		if err := os.WriteFile(file.path, []byte(file.text), durable.FileMode); err != nil {
			t.Fatal(err)
		}
		if err := file.write(); err != nil {
			t.Errorf("%s: %v", file.path, err)
		}
		got, err := os.ReadFile(file.path)
		for _, want := range file.want {
			if err != nil || !strings.Contains(string(got), want) {
				t.Errorf("%s: got %q, error %v, want it to contain %s", file.path, got, err, want)
			}
		}
	}
}
