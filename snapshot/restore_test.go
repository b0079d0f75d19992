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

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/gzfile"
)

// watcher is a Progress that keeps what it is told and can act on it.
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
			os.Remove(Open(dir).index("a"))
		}
		if _, err := Open(dir).Restore(context.Background(), "a", dir.Disk(), &w); err != nil {
			t.Fatal(err)
		}
		for name, total := range w.totals {
			if w.done[name] != total {
				t.Errorf("%s: %d of %d", name, w.done[name], total)
			}
		}
	}
	want := strings.Join([]string{PhaseLook, PhaseCompress, PhaseFlush, PhaseRestore, PhaseFlush, PhaseRestore, PhaseFlush}, ", ")
	if got := strings.Join(w.phases, ", "); got != want {
		t.Errorf("phases %s", got)
	}
}

// TestIndexIsNotNeeded restores with an index that is gone, torn, or another's.
func TestIndexIsNotNeeded(t *testing.T) {
	one, two := content(1, 4*mib), content(2, 4*mib)
	dir := vmDir(t, one)
	store := Open(dir)
	create(t, dir, "one")
	writeFile(t, dir.Disk(), two)
	create(t, dir, "two")
	index := readFile(t, store.index("one"))
	for name, b := range map[string][]byte{"gone": nil, "torn": index[:100], "empty": {}, "another's": readFile(t, store.index("two"))} {
		os.Remove(store.index("one"))
		if b != nil {
			writeFile(t, store.index("one"), b)
		}
		writeFile(t, dir.Disk(), two)
		if restore(t, dir, "one"); !bytes.Equal(readFile(t, dir.Disk()), one) {
			t.Errorf("%s: another disk", name)
		}
	}
}

func TestDamageKeepsTheDisk(t *testing.T) {
	dir := vmDir(t, content(1, 4*mib))
	store := Open(dir)
	create(t, dir, "a")
	b := readFile(t, store.file("a"))
	b[len(b)/3] ^= 1
	writeFile(t, store.file("a"), b)
	now := content(2, 3*mib)
	writeFile(t, dir.Disk(), now)
	before := tree(t, string(dir))
	for _, index := range []bool{true, false} {
		if !index {
			os.Remove(store.index("a"))
			before = tree(t, string(dir))
		}
		_, err := store.Restore(context.Background(), "a", dir.Disk(), nil)
		var d *gzfile.Damage
		if !errors.As(err, &d) || d.Chunk != 0 && index || !strings.Contains(err.Error(), "a.raw.gz") {
			t.Errorf("index %v: %v", index, err)
		}
		if !bytes.Equal(readFile(t, dir.Disk()), now) || tree(t, string(dir)) != before {
			t.Errorf("index %v: left are %s", index, tree(t, string(dir)))
		}
	}
}

// TestCancelLeavesNothing cancels at the start of every phase.
func TestCancelLeavesNothing(t *testing.T) {
	dir := vmDir(t, content(1, 4*mib))
	create(t, dir, "a")
	now := content(2, 3*mib)
	writeFile(t, dir.Disk(), now)
	before := tree(t, string(dir))
	disk := openDisk(t, dir)
	for _, phase := range []string{PhaseLook, PhaseCompress, PhaseRestore, PhaseFlush} {
		for name, act := range map[string]func(context.Context, Progress) error{
			"create": func(ctx context.Context, p Progress) error {
				_, err := Open(dir).Create(ctx, disk, Request{Name: "b"}, p)
				return err
			},
			"restore": func(ctx context.Context, p Progress) error {
				_, err := Open(dir).Restore(ctx, "a", dir.Disk(), p)
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
				// The phase belongs to the other; undo what was done.
				os.Remove(dir.Undo())
				writeFile(t, dir.Disk(), now)
				_ = Open(dir).Delete(context.Background(), "b")
				continue
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s: %v", name, phase, err)
			}
			if got := tree(t, string(dir)); got != before {
				t.Errorf("%s, %s: left are %s", name, phase, got)
			}
		}
	}
	if !bytes.Equal(readFile(t, dir.Disk()), now) {
		t.Error("the disk has changed")
	}
}

func TestForeignFileRestores(t *testing.T) {
	disk := content(4, 3*mib+5)
	dir := vmDir(t, []byte("now"))
	writeFile(t, Open(dir).file("byhand"), goGzip(t, disk))
	i := get(t, dir, "byhand")
	if !i.Foreign || i.State != StateImported || i.DiskSize != 0 || i.Created.IsZero() {
		t.Errorf("%+v", i)
	}
	r := restore(t, dir, "byhand")
	if !bytes.Equal(readFile(t, dir.Disk()), disk) || r.NewSize != int64(len(disk)) || !r.Info.Foreign {
		t.Errorf("another disk came back: %+v", r)
	}
}

func TestRestoreWithoutADisk(t *testing.T) {
	disk := content(1, 2*mib)
	dir := vmDir(t, disk)
	create(t, dir, "a")
	os.Remove(dir.Disk())
	r := restore(t, dir, "a")
	if r.Undo != "" || r.OldSize != 0 || !bytes.Equal(readFile(t, dir.Disk()), disk) {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(dir.Undo()); err == nil {
		t.Error("an undo of nothing")
	}
}

func TestRestoreKeepsWhatTheDiskIs(t *testing.T) {
	disk := content(1, 2*mib)
	dir := vmDir(t, disk)
	create(t, dir, "a")
	elsewhere := filepath.Join(t.TempDir(), "real.img")
	if err := os.Rename(dir.Disk(), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, dir.Disk()); err != nil {
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
	if to, err := os.Readlink(dir.Disk()); err != nil || to != elsewhere {
		t.Errorf("the link is %s, %v", to, err)
	}
	if !bytes.Equal(readFile(t, elsewhere), disk) || !bytes.Equal(readFile(t, r.Undo), now) {
		t.Error("the content is wrong")
	}
	st, err := os.Stat(elsewhere)
	if err != nil || st.Mode() != 0o640 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	if sys := st.Sys().(*syscall.Stat_t); os.Getuid() == 0 && (sys.Uid != 12 || sys.Gid != 34) {
		t.Errorf("owner %d:%d", sys.Uid, sys.Gid)
	}
	value := make([]byte, 10)
	if n, err := unix.Getxattr(elsewhere, "user.note", value); err != nil || string(value[:n]) != "mine" {
		t.Errorf("attribute %q, %v", value[:max(0, n)], err)
	}
}

func TestRestoredDiskIsSparse(t *testing.T) {
	// From start to end every zero has to be inflated: a smaller disk for that.
	for size, index := range map[int64]bool{5 << 30: true, 64 << 20: false} {
		dir := vmDir(t, nil)
		f, err := os.OpenFile(dir.Disk(), os.O_WRONLY, 0)
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
			t.Errorf("%+v", i)
		}
		if !index {
			os.Remove(Open(dir).index("a"))
		}
		restore(t, dir, "a")
		st, err := os.Stat(dir.Disk())
		if err != nil || st.Size() != size || st.Sys().(*syscall.Stat_t).Blocks > 64 {
			t.Errorf("%d blocks, %v", st.Sys().(*syscall.Stat_t).Blocks, err)
		}
		b := make([]byte, 4096)
		if _, err := openDisk(t, dir).ReadAt(b, size-4096); err != nil || !bytes.Equal(b, content(1, 4096)) {
			t.Errorf("the last block is wrong (%v)", err)
		}
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "a")
	want := tree(t, string(dir)) + " "
	for _, path := range []string{Open(dir).file("b"), Open(dir).file("a"), dir.Disk(), dir.Rows(), dir.Undo()} {
		writeFile(t, ondisk.TempName(path), []byte("left"))
	}
	writeFile(t, Open(dir).index("gone"), []byte("left"))
	other := ondisk.TempName(dir.Host())
	writeFile(t, other, []byte("another's"))
	create(t, dir, "b")
	restore(t, dir, "a")
	if err := Open(dir).Delete(context.Background(), "b"); err != nil {
		t.Fatal(err)
	}
	os.Remove(dir.Undo())
	if got := tree(t, string(dir)); got != filepath.Base(other)+" "+strings.TrimSpace(want) {
		t.Errorf("left are %s", got)
	}
}
