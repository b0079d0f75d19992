package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/gzfile"
)

// grown is a disk, and the same after a chunk has changed.
func grown() (before, after []byte) {
	before = content(1, 6*mib)
	after = bytes.Clone(before)
	after[2*mib+7]++
	return before, after
}

func body(t *testing.T, store *Store, name string) []byte {
	t.Helper()
	return readFile(t, store.file(name))[gzfile.Align:]
}

// TestCreateReusesTheNewest takes snapshots with and without an earlier one, and
// with the earlier one's index gone: always the same file.
func TestCreateReusesTheNewest(t *testing.T) {
	before, after := grown()
	alone := vmDir(t, after)
	create(t, alone, "b")
	want := body(t, Open(alone), "b")

	dir := vmDir(t, before)
	store := Open(dir)
	if made := createdNow(t, dir, "a"); made.Reused != 0 || made.Notes != nil {
		t.Errorf("the first one: %+v", made)
	}
	writeFile(t, dir.Disk(), after)
	for name, act := range map[string]func(){
		"index": func() {}, "lost": func() { os.Remove(store.index("a")) },
		"torn": func() { writeFile(t, store.index("a"), []byte("VTINDEX\x00")) },
	} {
		act()
		made := createdNow(t, dir, name)
		if !bytes.Equal(body(t, store, name), want) || made.Reused < mib || made.Reused >= made.FileSize || made.Notes != nil {
			t.Errorf("%s: %+v", name, made)
		}
		if x, _, err := store.open("a"); err != nil || store.readIndex("a", x) == nil {
			t.Errorf("%s: the older one has no index", name)
		} else {
			x.Close()
		}
		if err := store.Delete(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageDoesNotSpread uses a damaged snapshot again: the new one is good.
func TestDamageDoesNotSpread(t *testing.T) {
	before, _ := grown()
	for name, index := range map[string]bool{"with its index": true, "without": false} {
		dir := vmDir(t, before)
		store := Open(dir)
		create(t, dir, "a")
		want := body(t, store, "a")
		b := readFile(t, store.file("a"))
		b[len(b)/3] ^= 1
		writeFile(t, store.file("a"), b)
		if !index {
			os.Remove(store.index("a"))
		}
		made := createdNow(t, dir, "b")
		if !bytes.Equal(body(t, store, "b"), want) {
			t.Errorf("%s: another file", name)
		}
		if (made.Reused > 0) != index || len(made.Notes) != 1 || !strings.Contains(made.Notes[0], `"a"`) || !strings.Contains(made.Notes[0], "damaged") {
			t.Errorf("%s: %d, %q", name, made.Reused, made.Notes)
		}
		// The next one uses the good one.
		if made := createdNow(t, dir, "c"); made.Reused == 0 || made.Notes != nil || !bytes.Equal(body(t, store, "c"), want) {
			t.Errorf("%s, the third: %d, %q", name, made.Reused, made.Notes)
		}
	}
}

// vanishing removes a file when the phase begins.
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
	writeFile(t, dir.Disk(), after)
	made, err := store.Create(context.Background(), openDisk(t, dir), Request{Name: "b"}, vanishing(store.file("a")))
	if err != nil || made.Reused == 0 {
		t.Errorf("%+v, %v", made, err)
	}
	writeFile(t, dir.Disk(), before)
	if restore(t, dir, "b"); !bytes.Equal(readFile(t, dir.Disk()), after) {
		t.Error("another disk")
	}
}

func TestCancelIndexing(t *testing.T) {
	before, _ := grown()
	dir := vmDir(t, before)
	store := Open(dir)
	create(t, dir, "a")
	os.Remove(store.index("a"))
	left := tree(t, string(dir))
	ctx, cancel := context.WithCancel(context.Background())
	_, err := store.Create(ctx, openDisk(t, dir), Request{Name: "b"}, &watcher{onPhase: func(phase string) {
		if phase == PhaseIndex {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || tree(t, string(dir)) != left {
		t.Errorf("%v; left are %s", err, tree(t, string(dir)))
	}
}

// TestForeignIsNoBase has a newest file that another tool made.
func TestForeignIsNoBase(t *testing.T) {
	before, _ := grown()
	dir := vmDir(t, before)
	create(t, dir, "a")
	writeFile(t, Open(dir).file("z"), goGzip(t, before))
	if made := createdNow(t, dir, "b"); made.Reused == 0 || made.Notes != nil {
		t.Errorf("%+v", made)
	}
}

func TestRestoreReusesTheDisk(t *testing.T) {
	before, after := grown()
	for name, prepare := range map[string]func(dir ondisk.VMDir, s *Store){
		"changed":  func(ondisk.VMDir, *Store) {},
		"shorter":  func(dir ondisk.VMDir, _ *Store) { writeFile(t, dir.Disk(), after[:5*mib+7]) },
		"longer":   func(dir ondisk.VMDir, _ *Store) { writeFile(t, dir.Disk(), append(bytes.Clone(after), after...)) },
		"same":     func(dir ondisk.VMDir, _ *Store) { writeFile(t, dir.Disk(), before) },
		"missing":  func(dir ondisk.VMDir, _ *Store) { os.Remove(dir.Disk()) },
		"empty":    func(dir ondisk.VMDir, _ *Store) { writeFile(t, dir.Disk(), nil) },
		"no index": func(_ ondisk.VMDir, s *Store) { os.Remove(s.index("a")) },
	} {
		dir := vmDir(t, before)
		store := Open(dir)
		create(t, dir, "a")
		writeFile(t, dir.Disk(), after)
		prepare(dir, store)
		r := restore(t, dir, "a")
		if !bytes.Equal(readFile(t, dir.Disk()), before) {
			t.Errorf("%s: another disk", name)
		}
		want := map[string]int64{"changed": 3 * mib, "longer": 3 * mib, "shorter": 2 * mib, "same": 4 * mib}[name]
		if r.Reused != want || r.Shared > r.Reused {
			t.Errorf("%s: %d used again, not %d", name, r.Reused, want)
		}
		if _, err := os.Stat(store.index("a")); err != nil {
			t.Errorf("%s: no index (%v)", name, err)
		}
	}
}
