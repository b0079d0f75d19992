package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"vmterminal/snapshot/gzfile"
)

// torn returns what a power cut may leave of a header that was being overwritten: sectors
// of the old header, of the new one, or zeros.
func torn(was, head []byte) map[string][]byte {
	const sector = 512
	states := map[string][]byte{"none": was, "all": head}
	for n := sector; n < len(head); n += sector {
		states[fmt.Sprint("the first ", n)] = append(bytes.Clone(head[:n]), was[n:]...)
		states[fmt.Sprint("the last ", n)] = append(bytes.Clone(was[:n]), head[n:]...)
		lost := bytes.Clone(head)
		clear(lost[n-sector : n])
		states[fmt.Sprint("all but zeros before ", n)] = lost
	}
	return states
}

// TestDescribeInterrupted stops Describe after each step, and during the overwrite.
func TestDescribeInterrupted(t *testing.T) {
	disk := content(1, 5000)
	dir := vmDir(t, disk)
	store, ctx := Open(dir), context.Background()
	made := create(t, dir, "a")
	file := readFile(t, store.filePath("a"))
	rowsFile := readFile(t, dir.Rows)
	n, err := store.prepareHeader(ctx, "a", "a", func(e *gzfile.EditableFields) { e.Description = strings.Repeat("new ", 500) })
	if err != nil {
		t.Fatal(err)
	}
	check := func(state string) {
		i := get(t, dir, "a")
		old, changed := i.Description == made.Description, i.Description == n.Description
		if i.State != StateOK || !old && !changed || i.ID != made.ID {
			t.Errorf("%s: got %+v, want State %v, ID %v", state, i, StateOK, made.ID)
		}
		if restore(t, dir, "a"); !bytes.Equal(readFile(t, dir.Disk), disk) {
			t.Errorf("%s: got other disk contents", state)
		}
		if err := store.settleRows(); err != nil {
			t.Errorf("%s: got error %v, want no error", state, err)
		}
		if got := readHeaderOf(t, store, "a").Description; got != n.Description && (!old || got != made.Description) {
			t.Errorf("%s: got the description %q in the file after settling", state, got)
		}
		if _, err := store.Verify(ctx, "a", true, nil); err != nil {
			t.Errorf("%s: got error %v, want no error", state, err)
		}
		if got := tree(t, dir.Snapshots); got != "a.idx a.raw.gz" {
			t.Errorf("%s: got the files %s, want a.idx a.raw.gz", state, got)
		}
	}
	for done := range 4 {
		for state, head := range torn(file[:len(n.encoded)], n.encoded) {
			writeFile(t, store.filePath("a"), file)
			writeFile(t, dir.Rows, rowsFile)
			for _, step := range store.writeHeaderSteps("a", n.encoded)[:done] {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			if done == 1 {
				writeFile(t, store.filePath("a"), append(head, file[len(head):]...))
			}
			check(fmt.Sprintf("%d steps, %s", done, state))
			if done != 1 {
				break
			}
		}
	}
}

// TestHeaderOfAnotherFile puts a leftover header of another file beside a snapshot file.
func TestHeaderOfAnotherFile(t *testing.T) {
	dir := vmDir(t, content(1, 5000))
	store := Open(dir)
	create(t, dir, "a")
	create(t, dir, "b")
	a, b := readFile(t, store.filePath("a")), readFile(t, store.filePath("b"))
	for name, head := range map[string][]byte{"another's": b[:gzfile.Align], "cut": a[:100], "longer": a, "nothing": nil, "noise": content(9, gzfile.Align)} {
		writeFile(t, store.headerPath("a"), head)
		writeFile(t, store.headerPath("gone"), head)
		if i := get(t, dir, "a"); i.State != StateOK || i.Description != "as a" {
			t.Errorf("%s: got %+v, want State %v, Description %q", name, i, StateOK, "as a")
		}
		if err := store.settleRows(); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(readFile(t, store.filePath("a")), a) {
			t.Errorf("%s: got a changed file, want the same", name)
		}
		if got := tree(t, dir.Snapshots); got != "a.idx a.raw.gz b.idx b.raw.gz" {
			t.Errorf("%s: got the files %s, want a.idx a.raw.gz b.idx b.raw.gz", name, got)
		}
	}
}

// TestRenameInterrupted stops a rename after each step, for our files and foreign ones,
// with a different name and with one that differs only in case.
func TestRenameInterrupted(t *testing.T) {
	ctx := context.Background()
	for _, foreign := range []bool{false, true} {
		for _, to := range []string{"b", "A"} {
			for done := range 5 {
				state := fmt.Sprintf("foreign %v, to %s, %d steps", foreign, to, done)
				dir := vmDir(t, content(1, 5000))
				store := Open(dir)
				if foreign {
					writeFile(t, store.filePath("a"), gzipped(t, content(1, 5120)))
				} else {
					create(t, dir, "a")
				}
				if err := errors.Join(store.Describe(ctx, "a", "mine"), store.Pin(ctx, "a", true)); err != nil {
					t.Fatal(err)
				}
				was := get(t, dir, "a")
				n, err := store.prepareHeader(ctx, "a", to, func(e *gzfile.EditableFields) { e.Name = to })
				if err != nil {
					t.Fatal(err)
				}
				r, err := readRows(dir.Rows)
				if err != nil {
					t.Fatal(err)
				}
				for _, step := range store.renameSteps(r, was, to, n)[:done] {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
				if was.Name = "a"; done >= 2 {
					was.Name = to
				}
				for _, when := range []string{"cut off", "settled"} {
					list, notes, err := store.List(ctx)
					if err != nil || len(list) != 1 || len(notes) != 0 || list[0] != was {
						t.Fatalf("%s, %s: got %+v, want %+v; notes %v, error %v", state, when, list, was, notes, err)
					}
					if err := store.settleRows(); err != nil {
						t.Fatalf("%s: got error %v, want no error", state, err)
					}
				}
				if !foreign && readHeaderOf(t, store, was.Name).Name != was.Name {
					t.Errorf("%s: got the name %s in the header, want that of the file", state, readHeaderOf(t, store, was.Name).Name)
				}
				if err := store.Rename(ctx, was.Name, "c"); err != nil {
					t.Errorf("%s: got error %v, want no error", state, err)
				}
				was.Name = "c"
				if i := get(t, dir, "c"); i != was {
					t.Errorf("%s: got %+v, want %v", state, i, was)
				}
				if left := tree(t, dir.Snapshots); strings.Contains(left, ".hdr") || strings.Contains(left, ".tmp") {
					t.Errorf("%s: got the files %s, want no temporary ones", state, left)
				}
			}
		}
	}
}
