package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vmterminal/app/ondisk"
)

// An ending context ends when it is looked at, or told of progress, for the n-th
// time.
type ending struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func endAt(n int64) *ending {
	e := &ending{}
	e.Context, e.cancel = context.WithCancel(context.Background())
	e.left.Store(n)
	return e
}

func (e *ending) count() {
	if e.left.Add(-1) == 0 {
		e.cancel()
	}
}

func (e *ending) Err() error {
	e.count()
	return e.Context.Err()
}

func (e *ending) Phase(string, int64) { e.count() }
func (e *ending) Add(int64)           { e.count() }

// contents are all files of a folder, by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range strings.Fields(tree(t, dir)) {
		all[name] = string(readFile(t, filepath.Join(dir, name)))
	}
	return all
}

// putBack makes a folder's files those again.
func putBack(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	for name, b := range contents(t, dir) {
		if want[name] != b {
			os.Remove(filepath.Join(dir, name))
		}
	}
	for name, b := range want {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			writeFile(t, path, []byte(b))
		}
	}
}

// differing are the files that differ between two looks.
func differing(a, b map[string]string) []string {
	var names []string
	both := maps.Clone(a)
	maps.Copy(both, b)
	for name := range both {
		if was, is := a[name], b[name]; was != is {
			names = append(names, name)
		}
	}
	return names
}

// cancelled is an operation that is ended at its moments.
type cancelled struct {
	act func(ctx context.Context, p Progress, s *Store, dir ondisk.VMDir) error
	// may are the files that may differ after it came to its end, or was
	// cancelled: a cache, or what has no half.
	may string
	// least is how many moments there are at least.
	least int64
}

// TestCancelAtEveryMoment ends each operation at the times that it looks at its
// context or tells of its progress. It either says that it was cancelled, and
// nothing is left or changed, or it is done.
func TestCancelAtEveryMoment(t *testing.T) {
	disk := content(1, 2*mib+4096)
	dir := vmDir(t, disk)
	store := Open(dir)
	create(t, dir, "a")
	writeFile(t, store.file("f"), gzipped(t, content(2, mib+5)))
	ours, theirs := readFile(t, store.file("a")), readFile(t, store.file("f"))
	writeFile(t, dir.Disk(), content(3, 2*mib))
	restoring := func(name string) func(context.Context, Progress, *Store, ondisk.VMDir) error {
		return func(ctx context.Context, p Progress, s *Store, dir ondisk.VMDir) error {
			_, err := s.Restore(ctx, name, dir.Disk(), p)
			return err
		}
	}
	creating := func(ctx context.Context, p Progress, s *Store, dir ondisk.VMDir) error {
		disk, err := OpenDisk(dir.Disk())
		if err != nil {
			return err
		}
		defer disk.Close()
		_, err = s.Create(ctx, disk, Request{Name: "b"}, p)
		return err
	}
	importing := func(b []byte) func(context.Context, Progress, *Store, ondisk.VMDir) error {
		return func(ctx context.Context, p Progress, s *Store, _ ondisk.VMDir) error {
			_, err := s.Import(ctx, bytes.NewReader(b), "b", -1, p)
			return err
		}
	}
	verifying := func(name string, quick bool) func(context.Context, Progress, *Store, ondisk.VMDir) error {
		return func(ctx context.Context, p Progress, s *Store, _ ondisk.VMDir) error {
			_, err := s.Verify(ctx, name, quick, p)
			return err
		}
	}
	without := func(act func(context.Context, Progress, *Store, ondisk.VMDir) error) func(context.Context, Progress, *Store, ondisk.VMDir) error {
		return func(ctx context.Context, p Progress, s *Store, dir ondisk.VMDir) error {
			os.Remove(s.index("a"))
			return act(ctx, p, s, dir)
		}
	}
	const index, row = "snapshots/a.idx", "snapshots.json snapshots.lock"
	for name, c := range map[string]cancelled{
		"create":                 {creating, row + " snapshots/b.raw.gz snapshots/b.idx", 8},
		"create, no index":       {without(creating), index + " " + row + " snapshots/b.raw.gz snapshots/b.idx", 8},
		"restore":                {restoring("a"), "disk.raw disk.undo", 5},
		"restore, no index":      {without(restoring("a")), index + " disk.raw disk.undo", 5},
		"restore another tool's": {restoring("f"), "disk.raw disk.undo", 5},
		"verify":                 {verifying("a", false), row, 4},
		"verify, no index":       {without(verifying("a", false)), index + " " + row, 4},
		"verify quickly":         {verifying("a", true), row, 4},
		"verify another tool's":  {verifying("f", false), row, 4},
		"import":                 {importing(ours), row + " snapshots/b.raw.gz", 8},
		"import another tool's":  {importing(theirs), row + " snapshots/b.raw.gz", 5},
		"export": {func(ctx context.Context, p Progress, s *Store, _ ondisk.VMDir) error {
			return s.Export(ctx, "a", io.Discard, p)
		}, "", 4},
		"export to a file": {func(ctx context.Context, p Progress, s *Store, dir ondisk.VMDir) error {
			return s.ExportFile(ctx, "a", string(dir)+"/out.gz", p)
		}, "out.gz", 5},
		"extract": {func(ctx context.Context, p Progress, s *Store, dir ondisk.VMDir) error {
			_, err := s.Extract(ctx, "a", string(dir)+"/new.raw", p)
			return err
		}, "new.raw", 5},
		"describe at length": {func(ctx context.Context, _ Progress, s *Store, _ ondisk.VMDir) error {
			return s.Describe(ctx, "a", strings.Repeat("x", MaxDescription))
		}, index + " " + row + " snapshots/a.raw.gz", 2},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			before := contents(t, string(dir))
			for n := int64(1); ; n += 1 + n/8 { // the first ones differ most
				ctx := endAt(n)
				err := c.act(ctx, ctx, store, dir)
				ctx.cancel()
				after := contents(t, string(dir))
				for _, changed := range differing(before, after) {
					mayEver := changed == index && strings.HasPrefix(c.may, index) // it is a cache
					if !strings.Contains(c.may, changed) || err != nil && !mayEver && changed != "snapshots.lock" {
						t.Errorf("at moment %d (%v) there is another %s", n, err, changed)
					}
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatalf("at moment %d: %v", n, err)
				}
				if err == nil {
					holds(t, store, after)
				}
				putBack(t, string(dir), before)
				if ctx.left.Load() > 0 {
					if n < c.least {
						t.Errorf("only %d moments", n)
					}
					return
				}
			}
		})
	}
}

// holds looks at all snapshots after something came to its end.
func holds(t *testing.T, s *Store, files map[string]string) {
	t.Helper()
	for name := range files {
		if name, ok := strings.CutSuffix(filepath.Base(name), ondisk.SnapshotSuffix); ok {
			if _, err := s.Verify(context.Background(), name, true, nil); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCancelPruning deletes some or all, and says which.
func TestCancelPruning(t *testing.T) {
	partly := 0
	for n := int64(1); ; n++ {
		dir := vmDir(t, content(1, 5000))
		store := Open(dir)
		for name := range 4 {
			create(t, dir, fmt.Sprint(name))
		}
		ctx := endAt(n)
		p, err := store.Prune(ctx, Keep{Last: 1}, time.Now(), false)
		ctx.cancel()
		list, _, listErr := store.List(context.Background())
		if listErr != nil || len(list) != 4-len(p.Deleted) || err == nil && len(list) != 1 {
			t.Errorf("at moment %d %d are deleted, it says %s; %v, %v", n, 4-len(list), names(p.Deleted), err, listErr)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("at moment %d: %v", n, err)
		}
		if err != nil && len(p.Deleted) > 0 {
			partly++
		}
		if ctx.left.Load() > 0 {
			break
		}
	}
	if partly == 0 {
		t.Error("it was never cut off in the middle")
	}
}
