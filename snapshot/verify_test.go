package snapshot

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/snapshot/gzfile"
)

// gzipped compresses a disk like another tool.
func gzipped(t testing.TB, disk []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(disk)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// damage flips a bit of a file without changing the file's length.
func damage(t testing.TB, path string, at int) {
	t.Helper()
	b := readFile(t, path)
	b[at] ^= 1
	writeFile(t, path, b)
}

func TestVerify(t *testing.T) {
	dir := vmDir(t, content(1, 5*mib))
	store, ctx := Open(dir), context.Background()
	made := create(t, dir, "a")
	writeFile(t, store.filePath("foreign"), gzipped(t, content(2, 2*mib+512)))
	for _, quick := range []bool{true, false} {
		for _, name := range []string{"a", "foreign"} {
			var w watcher
			v, err := store.Verify(ctx, name, quick, &w)
			size := get(t, dir, name).FileSize
			if err != nil || v.Bytes != size || w.done[PhaseVerify] != size || w.totals[PhaseVerify] != size {
				t.Errorf("%s, quick %v: got %+v, %v, %v; want Bytes %v", name, quick, v, w.done, err, size)
			}
			if got := get(t, dir, name).VerifiedAt; got.IsZero() != (quick && name == "a") || time.Since(got) > time.Minute && !quick {
				t.Errorf("%s, quick %v: got VerifiedAt %v", name, quick, got)
			}
			want := ComparedAll
			switch {
			case name == "foreign":
				want = ComparedForeign
			case quick:
				want = ComparedQuick
			}
			if v.Compared != want {
				t.Errorf("%s, quick %v: got Compared %q, want %q", name, quick, v.Compared, want)
			}
		}
	}
	now := get(t, dir, "a")
	if made.VerifiedAt = now.VerifiedAt; now != made {
		t.Errorf("got %+[2]v, want %+[1]v", made, now)
	}
	if i := get(t, dir, "foreign"); i.DiskSize != 2*mib+512 || i.Data < mib || len(i.Digest) != 64 || i.State != StateImported || !i.Foreign {
		t.Errorf("foreign: got %+v, want DiskSize %v, a Digest of 64 characters, State %v, Foreign", i, 2*mib+512, StateImported)
	}
	os.Remove(store.filePath("a"))
	for name, want := range map[string]error{"a": ErrMissing, "none": ErrNotFound} {
		if _, err := store.Verify(ctx, name, false, nil); !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want error %v", name, err, want)
		}
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	for name, index := range map[string]func(*Store){
		"index": func(*Store) {}, "no index": func(s *Store) { os.Remove(s.indexPath("a")) },
	} {
		dir := vmDir(t, content(1, 5*mib))
		store, ctx := Open(dir), context.Background()
		create(t, dir, "a")
		good := readFile(t, store.filePath("a"))
		if _, err := store.Verify(ctx, "a", false, nil); err != nil {
			t.Fatal(err)
		}
		damage(t, store.filePath("a"), len(good)/3)
		index(store)
		bad := readFile(t, store.filePath("a"))
		for _, quick := range []bool{true, false} {
			_, err := store.Verify(ctx, "a", quick, nil)
			var d *gzfile.Damage
			if !errors.As(err, &d) || !quick && name == "index" && d.Chunk != 0 || !strings.Contains(err.Error(), "a.raw.gz") {
				t.Errorf("%s, quick %v: got error %v, want %q in it", name, quick, err, "a.raw.gz")
			}
			if i := get(t, dir, "a"); i.State != StateDamaged || !errors.Is(i.Problem, ErrDamaged) || i.DamageFoundAt.IsZero() || !i.VerifiedAt.IsZero() {
				t.Errorf("%s: got %+v, want State %v", name, i, StateDamaged)
			}
		}
		if !bytes.Equal(readFile(t, store.filePath("a")), bad) {
			t.Error("got a changed file, want the same")
		}
		writeFile(t, store.filePath("a"), good) // from a backup
		if _, err := store.Verify(ctx, "a", false, nil); err != nil || get(t, dir, "a").State != StateOK {
			t.Errorf("%s: repaired: got %v, %+v; want State %v", name, err, get(t, dir, "a"), StateOK)
		}
	}
}

// TestVerifyTrustsFileOverRow uses a wrong index that has a valid checksum.
func TestVerifyTrustsFileOverRow(t *testing.T) {
	dir := vmDir(t, content(1, 5*mib))
	store := Open(dir)
	info := create(t, dir, "a")
	file, _, err := store.open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	x := readIndex(store.indexPath("a"), file)
	x.Entries[1].SegmentCRC++
	saveIndex(store.indexPath("a"), x)
	if _, err := store.Verify(context.Background(), "a", false, nil); err != nil {
		t.Error(err)
	}
	if i := get(t, dir, "a"); i.State != StateOK || i.VerifiedAt.IsZero() || i.ID != info.ID {
		t.Errorf("get: got %+v, want State %v, ID %v", i, StateOK, info.ID)
	}
}

func TestVerifyChangesNothingElse(t *testing.T) {
	dir := vmDir(t, content(1, 3*mib))
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	const newer = `{"version": 2}`
	writeFile(t, dir.Rows, []byte(newer))
	before := tree(t, filepath.Dir(dir.Disk))
	if _, err := store.Verify(ctx, "a", false, nil); err != nil {
		t.Errorf("with newer rows: got error %v, want no error", err)
	}
	if tree(t, filepath.Dir(dir.Disk)) != before || string(readFile(t, dir.Rows)) != newer {
		t.Errorf("got changed rows or the files %s", tree(t, filepath.Dir(dir.Disk)))
	}
	os.Remove(dir.Rows)
	ended, cancel := context.WithCancel(ctx)
	_, err := store.Verify(ended, "a", false, &watcher{onPhase: func(string) { cancel() }})
	if !errors.Is(err, context.Canceled) || tree(t, filepath.Dir(dir.Disk)) != strings.Replace(before, " snapshots.json", "", 1) {
		t.Errorf("canceled: got error %v, files %s; want error %v", err, tree(t, filepath.Dir(dir.Disk)), context.Canceled)
	}
	// Delete the snapshot while it is read: its row must not come back.
	_, err = store.Verify(ctx, "a", false, &watcher{onPhase: func(string) {
		if err := store.Delete(ctx, "a"); err != nil {
			t.Error(err)
		}
	}})
	if list, _, _ := store.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("got error %v, list %v; want no snapshots", err, list)
	}
}
