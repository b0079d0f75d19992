package snapshot

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// createSince creates a snapshot with a list of changes.
func createSince(t *testing.T, dir Paths, name string, c *Changes) Created {
	t.Helper()
	made, err := Open(dir).Create(context.Background(), openDisk(t, dir), Request{Name: name, Changes: c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCreateWithChanges creates a snapshot with a list of changes, after changing the
// snapshot to which the list refers. The new snapshot must always have the contents of the
// disk.
func TestCreateWithChanges(t *testing.T) {
	before, after := grown()
	alone := vmDir(t, after)
	create(t, alone, "b")
	want := body(t, Open(alone), "b")
	ranges := []Range{{Start: 2 * mib, End: 2*mib + 9}}

	for name, c := range map[string]struct {
		act     func(t *testing.T, store *Store)
		changes func(*Changes)
		used    bool
		note    string
	}{
		"unchanged":      {used: true},
		"not the newest": {act: func(t *testing.T, s *Store) { create(t, s.paths, "between") }, used: true},
		"renamed": {act: func(t *testing.T, s *Store) {
			if err := s.Rename(context.Background(), "a", "c"); err != nil {
				t.Fatal(err)
			}
		}, used: true},
		"index lost": {act: func(_ *testing.T, s *Store) { os.Remove(s.indexPath("a")) }, used: true},
		"deleted": {act: func(t *testing.T, s *Store) {
			if err := s.Delete(context.Background(), "a"); err != nil {
				t.Fatal(err)
			}
		}},
		"other digest": {changes: func(c *Changes) { c.Digest = strings.Repeat("0", 64) }},
		"no ID":        {changes: func(c *Changes) { c.ID = "" }},
		"wrong changes": {
			changes: func(c *Changes) { c.Ranges = nil },
			note:    "the recorded changes since snapshot \"a\" were wrong",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, before)
			first := create(t, dir, "a")
			writeFile(t, dir.Disk, after)
			if c.act != nil {
				c.act(t, Open(dir))
			}
			changes := &Changes{ID: first.ID, Digest: first.Digest, Ranges: ranges}
			if c.changes != nil {
				c.changes(changes)
			}
			made := createSince(t, dir, "b", changes)
			if !bytes.Equal(body(t, Open(dir), "b"), want) {
				t.Error("got a different file than without changes")
			}
			if (made.Unread > 0) != c.used {
				t.Errorf("got %d unread bytes, want more than 0: %v", made.Unread, c.used)
			}
			if notes := strings.Join(made.Notes, "\n"); (notes == "") != (c.note == "") || !strings.Contains(notes, c.note) {
				t.Errorf("got notes %q", made.Notes)
			}
		})
	}
}
