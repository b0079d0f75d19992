package snapshot

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
)

// createSince takes a snapshot of which it is known what has changed.
func createSince(t *testing.T, dir ondisk.VMDir, name string, c *Changes) Created {
	t.Helper()
	made, err := Open(dir).Create(context.Background(), openDisk(t, dir), Request{Name: name, Changes: c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCreateByChanges: whatever becomes of the snapshot that changes are known
// since, the new one is of the disk as it is.
func TestCreateByChanges(t *testing.T) {
	before, after := grown()
	alone := vmDir(t, after)
	create(t, alone, "b")
	want := body(t, Open(alone), "b")
	ranges := []Range{{Start: 2 * mib, End: 2*mib + 9}}

	for name, c := range map[string]struct {
		act      func(t *testing.T, store *Store)
		changes  func(*Changes)
		believed bool
		note     string
	}{
		"as it was":       {believed: true},
		"no longer first": {act: func(t *testing.T, s *Store) { create(t, s.dir, "between") }, believed: true},
		"renamed": {act: func(t *testing.T, s *Store) {
			if err := s.Rename(context.Background(), "a", "c"); err != nil {
				t.Fatal(err)
			}
		}, believed: true},
		"index lost": {act: func(_ *testing.T, s *Store) { os.Remove(s.index("a")) }, believed: true},
		"deleted": {act: func(t *testing.T, s *Store) {
			if err := s.Delete(context.Background(), "a"); err != nil {
				t.Fatal(err)
			}
		}},
		"another of that ID": {changes: func(c *Changes) { c.Digest = strings.Repeat("0", 64) }},
		"no ID":              {changes: func(c *Changes) { c.ID = "" }},
		"wrong changes": {
			changes: func(c *Changes) { c.Ranges = nil },
			note:    "what was noted of changes since snapshot \"a\" was wrong",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, before)
			first := create(t, dir, "a")
			writeFile(t, dir.Disk(), after)
			if c.act != nil {
				c.act(t, Open(dir))
			}
			changes := &Changes{ID: first.ID, Digest: first.Digest, Ranges: ranges}
			if c.changes != nil {
				c.changes(changes)
			}
			made := createSince(t, dir, "b", changes)
			if !bytes.Equal(body(t, Open(dir), "b"), want) {
				t.Error("it is not of the disk as it is")
			}
			if (made.Unread > 0) != c.believed {
				t.Errorf("%d bytes were not read", made.Unread)
			}
			if notes := strings.Join(made.Notes, "\n"); (notes == "") != (c.note == "") || !strings.Contains(notes, c.note) {
				t.Errorf("notes %q", made.Notes)
			}
		})
	}
}
