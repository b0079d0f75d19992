package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// watcher is a Progress that records its calls and can act on them.
type watcher struct {
	mu      sync.Mutex
	phases  []string
	totals  map[string]int64
	done    map[string]int64
	onPhase func(string)
}

func (w *watcher) Phase(name string, total int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.totals == nil {
		w.totals, w.done = map[string]int64{}, map[string]int64{}
	}
	w.phases = append(w.phases, name)
	w.totals[name], w.done[name] = total, 0
	if w.onPhase != nil {
		w.onPhase(name)
	}
}

func (w *watcher) Add(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[w.phases[len(w.phases)-1]] += n
}

func TestProgressAddsUp(t *testing.T) {
	dir := vmDir(t, content(1, 5*mib))
	var w watcher
	disk := openDisk(t, dir)
	if _, err := Open(dir).Create(context.Background(), disk, Request{Name: "a"}, &w); err != nil {
		t.Fatal(err)
	}
	for _, index := range []bool{true, false} {
		if !index {
			os.Remove(Open(dir).indexPath("a"))
		}
		if _, err := Open(dir).Restore(context.Background(), "a", dir.Disk, &w); err != nil {
			t.Fatal(err)
		}
		for name, total := range w.totals {
			if w.done[name] != total {
				t.Errorf("%s: got progress %d, want %d", name, w.done[name], total)
			}
		}
	}
	want := strings.Join([]string{PhaseScan, PhaseCompress, PhaseFlush, PhaseRestore, PhaseVerify, PhaseFlush, PhaseRestore, PhaseFlush}, ", ")
	if got := strings.Join(w.phases, ", "); got != want {
		t.Errorf("got phases %s, want %v", got, want)
	}
}

// TestIndexIsNotNeeded restores with an index that is missing, torn or from another
// snapshot.
func TestIndexIsNotNeeded(t *testing.T) {
	one, two := content(1, 4*mib), content(2, 4*mib)
	dir := vmDir(t, one)
	store := Open(dir)
	create(t, dir, "one")
	writeFile(t, dir.Disk, two)
	create(t, dir, "two")
	index := readFile(t, store.indexPath("one"))
	for name, b := range map[string][]byte{"gone": nil, "torn": index[:100], "empty": {}, "another's": readFile(t, store.indexPath("two"))} {
		os.Remove(store.indexPath("one"))
		if b != nil {
			writeFile(t, store.indexPath("one"), b)
		}
		writeFile(t, dir.Disk, two)
		if restore(t, dir, "one"); !bytes.Equal(readFile(t, dir.Disk), one) {
			t.Errorf("%s: got other disk contents", name)
		}
	}
}

func TestDamageKeepsTheDisk(t *testing.T) {
	dir := vmDir(t, content(1, 4*mib))
	store := Open(dir)
	create(t, dir, "a")
	b := readFile(t, store.filePath("a"))
	b[len(b)/3] ^= 1
	writeFile(t, store.filePath("a"), b)
	now := content(2, 3*mib)
	writeFile(t, dir.Disk, now)
	before := tree(t, filepath.Dir(dir.Disk))
	for _, index := range []bool{true, false} {
		if !index {
			os.Remove(store.indexPath("a"))
			before = tree(t, filepath.Dir(dir.Disk))
		}
		_, err := store.Restore(context.Background(), "a", dir.Disk, nil)
		var d *gzfile.Damage
		if !errors.As(err, &d) || d.Chunk != 0 && index || !strings.Contains(err.Error(), "a.raw.gz") {
			t.Errorf("index %v: got error %v, want %q in it", index, err, "a.raw.gz")
		}
		if !bytes.Equal(readFile(t, dir.Disk), now) || tree(t, filepath.Dir(dir.Disk)) != before {
			t.Errorf("index %v: got files %s, want %v", index, tree(t, filepath.Dir(dir.Disk)), before)
		}
	}
}

// TestCancelLeavesNothing cancels at the start of every phase. No file may remain.
func TestCancelLeavesNothing(t *testing.T) {
	dir := vmDir(t, content(1, 4*mib))
	create(t, dir, "a")
	now := content(2, 3*mib)
	writeFile(t, dir.Disk, now)
	before := tree(t, filepath.Dir(dir.Disk))
	disk := openDisk(t, dir)
	for _, phase := range []string{PhaseScan, PhaseCompress, PhaseRestore, PhaseFlush} {
		for name, act := range map[string]func(context.Context, Progress) error{
			"create": func(ctx context.Context, p Progress) error {
				_, err := Open(dir).Create(ctx, disk, Request{Name: "b"}, p)
				return err
			},
			"restore": func(ctx context.Context, p Progress) error {
				_, err := Open(dir).Restore(ctx, "a", dir.Disk, p)
				return err
			},
		} {
			ctx, cancel := context.WithCancel(context.Background())
			hit := false
			err := act(ctx, &watcher{onPhase: func(p string) {
				if p == phase {
					hit = true
					cancel()
				}
			}})
			cancel()
			if !hit {
				// The phase belongs to the other operation; undo this one.
				os.Remove(dir.Undo)
				writeFile(t, dir.Disk, now)
				_ = Open(dir).Delete(context.Background(), "b")
				continue
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s: got error %v, want error %v", name, phase, err, context.Canceled)
			}
			if got := tree(t, filepath.Dir(dir.Disk)); got != before {
				t.Errorf("%s, %s: got the files %s, want no change", name, phase, got)
			}
		}
	}
	if !bytes.Equal(readFile(t, dir.Disk), now) {
		t.Error("got a changed disk, want the same")
	}
}

func TestForeignFileRestores(t *testing.T) {
	disk := content(4, 3*mib+512)
	dir := vmDir(t, []byte("now"))
	writeFile(t, Open(dir).filePath("byhand"), goGzip(t, disk))
	i := get(t, dir, "byhand")
	if !i.Foreign || i.State != StateImported || i.DiskSize != 0 || i.Created.IsZero() {
		t.Errorf("get: got %+v, want Foreign, State %v, DiskSize 0", i, StateImported)
	}
	r := restore(t, dir, "byhand")
	if !bytes.Equal(readFile(t, dir.Disk), disk) || r.NewSize != int64(len(disk)) || !r.Info.Foreign {
		t.Errorf("restore after damage: got %+v, want NewSize %v", r, int64(len(disk)))
	}
}

func TestRestoreWithoutADisk(t *testing.T) {
	disk := content(1, 2*mib)
	dir := vmDir(t, disk)
	create(t, dir, "a")
	os.Remove(dir.Disk)
	r := restore(t, dir, "a")
	if r.Undo != "" || r.OldSize != 0 || !bytes.Equal(readFile(t, dir.Disk), disk) {
		t.Errorf("restore: got %+v, want Undo none, OldSize 0", r)
	}
	if _, err := os.Stat(dir.Undo); err == nil {
		t.Error("Undo without an undo disk: got no error, want one")
	}
}

func TestRestoreKeepsLinkAndAttributes(t *testing.T) {
	disk := content(1, 2*mib)
	dir := vmDir(t, disk)
	create(t, dir, "a")
	elsewhere := filepath.Join(t.TempDir(), "real.img")
	if err := os.Rename(dir.Disk, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, dir.Disk); err != nil {
		t.Fatal(err)
	}
	now := content(2, mib)
	writeFile(t, elsewhere, now)
	if err := os.Chmod(elsewhere, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(elsewhere, "user.note", []byte("mine"), 0); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(elsewhere, 12, 34); err != nil {
			t.Fatal(err)
		}
	}
	r := restore(t, dir, "a")
	if to, err := os.Readlink(dir.Disk); err != nil || to != elsewhere {
		t.Errorf("got a link to %s, %v; want %v", to, err, elsewhere)
	}
	if !bytes.Equal(readFile(t, elsewhere), disk) || !bytes.Equal(readFile(t, r.Undo), now) {
		t.Error("got wrong contents")
	}
	st, err := os.Stat(elsewhere)
	if err != nil || st.Mode() != 0o640 {
		t.Errorf("Stat: got %v %v, want 0o640", st.Mode(), err)
	}
	if sys := st.Sys().(*syscall.Stat_t); os.Getuid() == 0 && (sys.Uid != 12 || sys.Gid != 34) {
		t.Errorf("got owner %d:%d, want 12:34", sys.Uid, sys.Gid)
	}
	value := make([]byte, 10)
	if n, err := unix.Getxattr(elsewhere, "user.note", value); err != nil || string(value[:n]) != "mine" {
		t.Errorf("got attribute %q, %v; want the value mine", value[:max(0, n)], err)
	}
}

func TestRestoredDiskIsSparse(t *testing.T) {
	// Without an index, every zero must be decompressed, so use a smaller disk.
	for size, index := range map[int64]bool{5 << 30: true, 64 << 20: false} {
		dir := vmDir(t, nil)
		f, err := os.OpenFile(dir.Disk, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, off := range []int64{0, size / 2, size - 4096} {
			if _, err := f.WriteAt(content(1, 4096), off); err != nil {
				t.Fatal(err)
			}
		}
		i := create(t, dir, "a")
		if i.DiskSize != size || i.Data != 3*4096 || i.FileSize > size/1024+64<<10 {
			t.Errorf("create: got %+v, want DiskSize %v, Data %v", i, size, 3*4096)
		}
		if !index {
			os.Remove(Open(dir).indexPath("a"))
		}
		restore(t, dir, "a")
		st, err := os.Stat(dir.Disk)
		if err != nil || st.Size() != size || st.Sys().(*syscall.Stat_t).Blocks > 64 {
			t.Errorf("got %d blocks, %v", st.Sys().(*syscall.Stat_t).Blocks, err)
		}
		b := make([]byte, 4096)
		if _, err := openDisk(t, dir).ReadAt(b, size-4096); err != nil || !bytes.Equal(b, content(1, 4096)) {
			t.Errorf("got a wrong last block, error %v", err)
		}
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "a")
	want := tree(t, filepath.Dir(dir.Disk)) + " "
	for _, path := range []string{Open(dir).filePath("b"), Open(dir).filePath("a"), dir.Disk, dir.Rows, dir.Undo} {
		writeFile(t, durable.TempName(path), []byte("left"))
	}
	writeFile(t, Open(dir).indexPath("gone"), []byte("left"))
	other := durable.TempName(filepath.Join(filepath.Dir(dir.Disk), "host.json"))
	writeFile(t, other, []byte("another's"))
	if err := Open(dir).Sweep(); err != nil {
		t.Fatal(err)
	}
	create(t, dir, "b")
	restore(t, dir, "a")
	if err := Open(dir).Delete(context.Background(), "b"); err != nil {
		t.Fatal(err)
	}
	os.Remove(dir.Undo)
	if got := tree(t, filepath.Dir(dir.Disk)); got != filepath.Base(other)+" "+strings.TrimSpace(want) {
		t.Errorf("got the files %s", got)
	}
}

// TestRestoreReportsUnneededDamage flips a byte that the restore does not need: in a run of
// zeros, or in a chunk that the old disk has.
func TestRestoreReportsUnneededDamage(t *testing.T) {
	disk := append(append(content(1, 2*mib), make([]byte, 64*mib)...), content(2, mib)...)
	dir := vmDir(t, disk)
	store := Open(dir)
	create(t, dir, "a")
	whole := readFile(t, store.filePath("a"))
	file, _, err := store.open("a")
	if err != nil {
		t.Fatal(err)
	}
	index := readIndex(store.indexPath("a"), file)
	file.Close()
	second, last := index.Entries[1], index.Entries[2]
	places := map[string]int64{
		"present chunk": second.Offset + 100,
		"zeros":         second.Offset + int64(second.Length) + 5,
	}
	// Start with the intact file: damage stays recorded until a verification.
	for _, what := range []string{"nothing", "present chunk", "zeros"} {
		at := places[what]
		if at >= last.Offset {
			t.Fatal("got no bytes of zeros, want some")
		}
		damaged := bytes.Clone(whole)
		if at > 0 {
			damaged[at] ^= 1
		}
		writeFile(t, store.filePath("a"), damaged)
		r := restore(t, dir, "a")
		if !bytes.Equal(readFile(t, dir.Disk), disk) {
			t.Errorf("%s: got a different disk than that of the snapshot", what)
		}
		if errors.Is(r.Damage, ErrDamaged) != (at > 0) {
			t.Errorf("%s: got damage %v, want damage only after a flip", what, r.Damage)
		}
		if state := get(t, dir, "a").State; (state == StateDamaged) != (at > 0) {
			t.Errorf("%s: got state %s, want damaged only after a flip", what, state)
		}
		if _, err := store.Verify(context.Background(), "a", false, nil); errors.Is(err, ErrDamaged) != (at > 0) {
			t.Errorf("%s: verify: got error %v, want ErrDamaged only after a flip", what, err)
		}
	}
}
