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

// grown returns a disk, and the disk after a chunk has changed.
func grown() (before, after []byte) {
	before = content(1, 6*mib)
	after = bytes.Clone(before)
	after[2*mib+7]++
	return before, after
}

func body(t *testing.T, store *Store, name string) []byte {
	t.Helper()
	return readFile(t, store.filePath(name))[gzfile.Align:]
}

// TestCreateReusesNewest creates snapshots with and without an earlier one, and without the
// earlier one's index. The file must always be the same.
func TestCreateReusesNewest(t *testing.T) {
	before, after := grown()
	alone := vmDir(t, after)
	create(t, alone, "b")
	want := body(t, Open(alone), "b")

	dir := vmDir(t, before)
	store := Open(dir)
	if made := createDetailed(t, dir, "a"); made.Reused != 0 || made.Notes != nil {
		t.Errorf("first snapshot: got %+v, want Reused 0, Notes nil", made)
	}
	writeFile(t, dir.Disk, after)
	for name, act := range map[string]func(){
		"index": func() {}, "lost": func() { os.Remove(store.indexPath("a")) },
		"torn": func() { writeFile(t, store.indexPath("a"), []byte("VTINDEX\x00")) },
	} {
		act()
		made := createDetailed(t, dir, name)
		if !bytes.Equal(body(t, store, name), want) || made.Reused < mib || made.Reused >= made.FileSize || made.Notes != nil {
			t.Errorf("%s: got %+v, want Notes nil", name, made)
		}
		if x, _, err := store.open("a"); err != nil || readIndex(store.indexPath("a"), x) == nil {
			t.Errorf("%s: got no index of the older snapshot, want one", name)
		} else {
			x.Close()
		}
		if err := store.Delete(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageDoesNotSpread reuses a damaged snapshot. The new one must be good.
func TestDamageDoesNotSpread(t *testing.T) {
	before, _ := grown()
	for name, index := range map[string]bool{"with its index": true, "without": false} {
		dir := vmDir(t, before)
		store := Open(dir)
		create(t, dir, "a")
		want := body(t, store, "a")
		b := readFile(t, store.filePath("a"))
		b[len(b)/3] ^= 1
		writeFile(t, store.filePath("a"), b)
		if !index {
			os.Remove(store.indexPath("a"))
		}
		made := createDetailed(t, dir, "b")
		if !bytes.Equal(body(t, store, "b"), want) {
			t.Errorf("%s: got a different file, want an undamaged one", name)
		}
		if (made.Reused > 0) != index || len(made.Notes) != 1 || !strings.Contains(made.Notes[0], `"a"`) || !strings.Contains(made.Notes[0], "damaged") {
			t.Errorf("%s: got %d, %q; want 1 entry", name, made.Reused, made.Notes)
		}
		// The next snapshot reuses the good one.
		if made := createDetailed(t, dir, "c"); made.Reused == 0 || made.Notes != nil || !bytes.Equal(body(t, store, "c"), want) {
			t.Errorf("%s, the third: got %d, %q", name, made.Reused, made.Notes)
		}
	}
}

// vanishing returns a Progress that removes a file when the compression begins.
func vanishing(path string) Progress {
	return &watcher{onPhase: func(phase string) {
		if phase == PhaseCompress {
			os.Remove(path)
		}
	}}
}

func TestBaseVanishes(t *testing.T) {
	before, after := grown()
	dir := vmDir(t, before)
	store := Open(dir)
	create(t, dir, "a")
	writeFile(t, dir.Disk, after)
	made, err := store.Create(context.Background(), openDisk(t, dir), Request{Name: "b"}, vanishing(store.filePath("a")))
	if err != nil || made.Reused == 0 {
		t.Errorf("Create: got %+v, %v", made, err)
	}
	writeFile(t, dir.Disk, before)
	if restore(t, dir, "b"); !bytes.Equal(readFile(t, dir.Disk), after) {
		t.Error("got other disk contents")
	}
}

func TestCancelIndexing(t *testing.T) {
	before, _ := grown()
	dir := vmDir(t, before)
	store := Open(dir)
	create(t, dir, "a")
	os.Remove(store.indexPath("a"))
	left := tree(t, filepath.Dir(dir.Disk))
	ctx, cancel := context.WithCancel(context.Background())
	_, err := store.Create(ctx, openDisk(t, dir), Request{Name: "b"}, &watcher{onPhase: func(phase string) {
		if phase == PhaseIndex {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || tree(t, filepath.Dir(dir.Disk)) != left {
		t.Errorf("got error %v, files %s; want context.Canceled, no new files", err, tree(t, filepath.Dir(dir.Disk)))
	}
}

// TestForeignFileIsNotBase creates a snapshot when the newest file is another tool's.
func TestForeignFileIsNotBase(t *testing.T) {
	before, _ := grown()
	dir := vmDir(t, before)
	create(t, dir, "a")
	writeFile(t, Open(dir).filePath("z"), goGzip(t, before))
	if made := createDetailed(t, dir, "b"); made.Reused == 0 || made.Notes != nil {
		t.Errorf("createDetailed: got %+v, want Notes nil", made)
	}
}

func TestRestoreReusesDisk(t *testing.T) {
	before, after := grown()
	for name, prepare := range map[string]func(dir Paths, s *Store){
		"changed":  func(Paths, *Store) {},
		"shorter":  func(dir Paths, _ *Store) { writeFile(t, dir.Disk, after[:5*mib+7]) },
		"longer":   func(dir Paths, _ *Store) { writeFile(t, dir.Disk, append(bytes.Clone(after), after...)) },
		"same":     func(dir Paths, _ *Store) { writeFile(t, dir.Disk, before) },
		"missing":  func(dir Paths, _ *Store) { os.Remove(dir.Disk) },
		"empty":    func(dir Paths, _ *Store) { writeFile(t, dir.Disk, nil) },
		"no index": func(_ Paths, s *Store) { os.Remove(s.indexPath("a")) },
	} {
		dir := vmDir(t, before)
		store := Open(dir)
		create(t, dir, "a")
		writeFile(t, dir.Disk, after)
		prepare(dir, store)
		r := restore(t, dir, "a")
		if !bytes.Equal(readFile(t, dir.Disk), before) {
			t.Errorf("%s: got other disk contents", name)
		}
		want := map[string]int64{"changed": 3 * mib, "longer": 3 * mib, "shorter": 2 * mib, "same": 4 * mib}[name]
		if r.Reused != want || r.Shared > r.Reused {
			t.Errorf("%s: got %d reused bytes, want %d", name, r.Reused, want)
		}
		if _, err := os.Stat(store.indexPath("a")); err != nil {
			t.Errorf("%s: got no index (%v), want one", name, err)
		}
	}
}
