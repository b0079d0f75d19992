package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot/gzfile"
)

// writeBase writes a snapshot file of the disk in dir that belongs to no store.
func writeBase(t *testing.T, dir Paths) string {
	t.Helper()
	path := File(t.TempDir(), "base")
	if err := WriteFile(t.Context(), openDisk(t, dir), path, Request{Name: "base", Taken: TakenStopped}, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// createFrom creates a snapshot of the disk in dir with the given Request.Base.
func createFrom(t *testing.T, dir Paths, name, base string) Created {
	t.Helper()
	created, err := Open(dir).Create(t.Context(), openDisk(t, dir), Request{Name: name, Base: func() string { return base }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// TestFirstSnapshotReusesOtherBase takes the first snapshots of disks that were made from an
// image, and enlarged or changed since. The base must be used, but never change the result.
func TestFirstSnapshotReusesOtherBase(t *testing.T) {
	image := content(1, 6*mib)
	path := writeBase(t, vmDir(t, image))
	changed := bytes.Clone(image)
	changed[2*mib+7]++
	for name, disk := range map[string][]byte{
		"same":     image,
		"changed":  changed,
		"enlarged": append(bytes.Clone(image), make([]byte, 5*mib+100)...),
		"shorter":  image[:5*mib+7],
	} {
		alone := vmDir(t, disk)
		create(t, alone, "a")
		dir := vmDir(t, disk)
		made := createFrom(t, dir, "a", path)
		if !bytes.Equal(body(t, Open(dir), "a"), body(t, Open(alone), "a")) {
			t.Errorf("%s: got another file than without a base, want the same", name)
		}
		if made.Reused < mib || made.BadBase || made.Notes != nil {
			t.Errorf("%s: got %d bytes reused, BadBase %v, notes %q; want at least %d, false, none", name, made.Reused, made.BadBase, made.Notes, mib)
		}
		// The file does not need its base.
		moved := path + ".moved"
		if err := os.Rename(path, moved); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir).Verify(t.Context(), "a", true, nil); err != nil {
			t.Errorf("%s: verify without the base: got error %v, want none", name, err)
		}
		if err := os.Rename(moved, path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOtherBaseIsLastResort checks that a store's own snapshots come first.
func TestOtherBaseIsLastResort(t *testing.T) {
	before, after := grown()
	dir := vmDir(t, before)
	create(t, dir, "a")
	writeFile(t, dir.Disk, after)
	req := Request{Name: "b", Base: func() string { t.Error("Base was called although there is a snapshot"); return "" }}
	if made, err := Open(dir).Create(t.Context(), openDisk(t, dir), req, nil); err != nil || made.Reused == 0 {
		t.Errorf("got %d bytes reused, error %v; want some, no error", made.Reused, err)
	}
}

// TestOtherBaseMayBeEqual checks that UnlessSame does not prevent the first snapshot of a disk
// that is as its image.
func TestOtherBaseMayBeEqual(t *testing.T) {
	disk := content(1, 3*mib)
	dir := vmDir(t, disk)
	path := writeBase(t, dir)
	req := Request{Name: "a", UnlessSame: true, Base: func() string { return path }}
	if _, err := Open(dir).Create(t.Context(), openDisk(t, dir), req, nil); err != nil {
		t.Fatalf("first snapshot: got error %v, want none", err)
	}
	req.Name = "b"
	if _, err := Open(dir).Create(t.Context(), openDisk(t, dir), req, nil); !errors.Is(err, ErrUnchanged) {
		t.Errorf("second snapshot: got error %v, want ErrUnchanged", err)
	}
}

// TestBadOtherBaseIsIgnored damages a base in each possible place. The snapshot must be the same
// as without a base.
func TestBadOtherBaseIsIgnored(t *testing.T) {
	disk := content(1, 6*mib)
	alone := vmDir(t, disk)
	create(t, alone, "a")
	want := body(t, Open(alone), "a")
	flip := func(path string, at int) {
		b := readFile(t, path)
		b[at] ^= 1
		writeFile(t, path, b)
	}
	for name, c := range map[string]struct {
		damage  func(path string)
		bad     bool
		noted   bool
		reusing bool
	}{
		"missing":      {damage: func(path string) { os.Remove(path) }},
		"segment":      {damage: func(path string) { flip(path, gzfile.Align+mib/2) }, bad: true, noted: true, reusing: true},
		"header":       {damage: func(path string) { flip(path, 40) }, bad: true},
		"cut":          {damage: func(path string) { _ = os.Truncate(path, 3*mib) }, bad: true},
		"empty":        {damage: func(path string) { _ = os.Truncate(path, 0) }, bad: true},
		"folder":       {damage: func(path string) { os.Remove(path); _ = os.Mkdir(path, 0o700) }, bad: true},
		"foreign":      {damage: func(path string) { writeFile(t, path, goGzip(t, disk)) }, bad: true},
		"no index":     {damage: func(path string) { os.Remove(IndexFile(filepath.Dir(path), "base")) }, bad: true},
		"wrong index":  {damage: func(path string) { flip(IndexFile(filepath.Dir(path), "base"), 100) }, bad: true},
		"other suffix": {damage: func(path string) { _ = os.Rename(path, path+".gz") }},
	} {
		dir := vmDir(t, disk)
		path := writeBase(t, dir)
		c.damage(path)
		made := createFrom(t, dir, "a", path)
		if !bytes.Equal(body(t, Open(dir), "a"), want) {
			t.Errorf("%s: got another file than without a base, want the same", name)
		}
		noted := len(made.Notes) == 1 && strings.Contains(made.Notes[0], path) && strings.Contains(made.Notes[0], "damaged")
		if made.BadBase != c.bad || noted != c.noted || (made.Reused > 0) != c.reusing {
			t.Errorf("%s: got BadBase %v, notes %q, %d bytes reused; want BadBase %v, noted %v, reusing %v",
				name, made.BadBase, made.Notes, made.Reused, c.bad, c.noted, c.reusing)
		}
	}
}

// TestWriteFileCanceled checks that nothing is left behind.
func TestWriteFileCanceled(t *testing.T) {
	dir := vmDir(t, content(1, 6*mib))
	path := File(t.TempDir(), "base")
	ctx, cancel := context.WithCancel(t.Context())
	err := WriteFile(ctx, openDisk(t, dir), path, Request{Name: "base"}, &watcher{onPhase: func(phase string) {
		if phase == PhaseCompress {
			cancel()
		}
	}})
	if left := tree(t, filepath.Dir(path)); !errors.Is(err, context.Canceled) || left != "" {
		t.Errorf("got error %v and the files %q, want context.Canceled and no files", err, left)
	}
}
