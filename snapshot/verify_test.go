package snapshot

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"vmterminal/snapshot/gzfile"
)

// gzipped is what another tool makes of a disk.
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

// damage flips a bit of a file, without touching its length.
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
	writeFile(t, store.file("foreign"), gzipped(t, content(2, 2*mib+7)))
	for _, quick := range []bool{true, false} {
		for _, name := range []string{"a", "foreign"} {
			var w watcher
			v, err := store.Verify(ctx, name, quick, &w)
			size := get(t, dir, name).FileSize
			if err != nil || v.Bytes != size || w.done[PhaseVerify] != size || w.totals[PhaseVerify] != size {
				t.Errorf("%s, quick %v: %+v, %v, %v", name, quick, v, w.done, err)
			}
			if got := get(t, dir, name).VerifiedAt; got.IsZero() != (quick && name == "a") || time.Since(got) > time.Minute && !quick {
				t.Errorf("%s, quick %v: verified at %v", name, quick, got)
			}
			if said := strings.Contains(v.Compared, "CRC-32 and length"); said != (name == "foreign") {
				t.Errorf("%s: %s", name, v.Compared)
			}
		}
	}
	now := get(t, dir, "a")
	if made.VerifiedAt = now.VerifiedAt; now != made {
		t.Errorf("%+v became %+v", made, now)
	}
	if i := get(t, dir, "foreign"); i.DiskSize != 2*mib+7 || i.Data < mib || len(i.Digest) != 64 || i.State != StateImported || !i.Foreign {
		t.Errorf("foreign: %+v", i)
	}
	os.Remove(store.file("a"))
	for name, want := range map[string]error{"a": ErrMissing, "none": ErrNotFound} {
		if _, err := store.Verify(ctx, name, false, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	for name, index := range map[string]func(*Store){
		"index": func(*Store) {}, "no index": func(s *Store) { os.Remove(s.index("a")) },
	} {
		dir := vmDir(t, content(1, 5*mib))
		store, ctx := Open(dir), context.Background()
		create(t, dir, "a")
		good := readFile(t, store.file("a"))
		if _, err := store.Verify(ctx, "a", false, nil); err != nil {
			t.Fatal(err)
		}
		damage(t, store.file("a"), len(good)/3)
		index(store)
		bad := readFile(t, store.file("a"))
		for _, quick := range []bool{true, false} {
			_, err := store.Verify(ctx, "a", quick, nil)
			var d *gzfile.Damage
			if !errors.As(err, &d) || !quick && name == "index" && d.Chunk != 0 || !strings.Contains(err.Error(), "a.raw.gz") {
				t.Errorf("%s, quick %v: %v", name, quick, err)
			}
			if i := get(t, dir, "a"); i.State != StateDamaged || !strings.Contains(i.Problem, "damaged") || !i.VerifiedAt.IsZero() {
				t.Errorf("%s: %+v", name, i)
			}
		}
		if !bytes.Equal(readFile(t, store.file("a")), bad) {
			t.Error("the file has changed")
		}
		writeFile(t, store.file("a"), good) // from a backup
		if _, err := store.Verify(ctx, "a", false, nil); err != nil || get(t, dir, "a").State != StateOK {
			t.Errorf("%s: put right: %v, %+v", name, err, get(t, dir, "a"))
		}
	}
}

// TestVerifyBelievesTheFile has an index whose checksum holds and which lies.
func TestVerifyBelievesTheFile(t *testing.T) {
	dir := vmDir(t, content(1, 5*mib))
	store := Open(dir)
	info := create(t, dir, "a")
	file, _, err := store.open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	x := store.readIndex("a", file)
	x.Entries[1].SegmentCRC++
	store.keepIndex("a", x)
	if _, err := store.Verify(context.Background(), "a", false, nil); err != nil {
		t.Error(err)
	}
	if i := get(t, dir, "a"); i.State != StateOK || i.VerifiedAt.IsZero() || i.ID != info.ID {
		t.Errorf("%+v", i)
	}
}

func TestVerifyChangesNothingElse(t *testing.T) {
	dir := vmDir(t, content(1, 3*mib))
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	const newer = `{"version": 2}`
	writeFile(t, dir.Rows(), []byte(newer))
	before := tree(t, string(dir))
	if _, err := store.Verify(ctx, "a", false, nil); err != nil {
		t.Errorf("with rows of a newer version: %v", err)
	}
	if tree(t, string(dir)) != before || string(readFile(t, dir.Rows())) != newer {
		t.Errorf("left are %s", tree(t, string(dir)))
	}
	os.Remove(dir.Rows())
	ended, cancel := context.WithCancel(ctx)
	_, err := store.Verify(ended, "a", false, &watcher{onPhase: func(string) { cancel() }})
	if !errors.Is(err, context.Canceled) || tree(t, string(dir)) != strings.Replace(before, " snapshots.json", "", 1) {
		t.Errorf("canceled: %v, left are %s", err, tree(t, string(dir)))
	}
	// It is deleted while it is read: no row of it may come back.
	_, err = store.Verify(ctx, "a", false, &watcher{onPhase: func(string) {
		if err := store.Delete(ctx, "a"); err != nil {
			t.Error(err)
		}
	}})
	if list, _, _ := store.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("%v, listed are %v", err, list)
	}
}
