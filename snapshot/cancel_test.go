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
)

// ending is a context and a Progress that cancels the context at the n-th check or report.
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

// contents returns the contents of all files in a folder, by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range strings.Fields(tree(t, dir)) {
		all[name] = string(readFile(t, filepath.Join(dir, name)))
	}
	return all
}

// putBack restores the files of a folder.
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

// differing returns the paths of the files that differ.
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

// canceled is an operation that is canceled at each point where it checks its context or
// reports progress.
type canceled struct {
	act func(ctx context.Context, p Progress, s *Store, dir Paths) error
	// may lists the files that may differ after the operation. After a cancellation, only a
	// cache may.
	may string
	// least is the minimum number of points.
	least int64
}

// TestCancelAtEveryPoint cancels each operation whenever it checks its context or reports
// progress. It must either return the context's error and change nothing, or complete.
func TestCancelAtEveryPoint(t *testing.T) {
	disk := content(1, 2*mib+4096)
	dir := vmDir(t, disk)
	store := Open(dir)
	create(t, dir, "a")
	writeFile(t, store.filePath("f"), gzipped(t, content(2, mib+512)))
	ours, theirs := readFile(t, store.filePath("a")), readFile(t, store.filePath("f"))
	writeFile(t, dir.Disk, content(3, 2*mib))
	restoring := func(name string) func(context.Context, Progress, *Store, Paths) error {
		return func(ctx context.Context, p Progress, s *Store, dir Paths) error {
			_, err := s.Restore(ctx, name, dir.Disk, p)
			return err
		}
	}
	creating := func(ctx context.Context, p Progress, s *Store, dir Paths) error {
		disk, err := OpenDisk(dir.Disk)
		if err != nil {
			return err
		}
		defer disk.Close()
		_, err = s.Create(ctx, disk, Request{Name: "b"}, p)
		return err
	}
	importing := func(b []byte) func(context.Context, Progress, *Store, Paths) error {
		return func(ctx context.Context, p Progress, s *Store, _ Paths) error {
			_, err := s.Import(ctx, bytes.NewReader(b), "b", -1, p)
			return err
		}
	}
	verifying := func(name string, quick bool) func(context.Context, Progress, *Store, Paths) error {
		return func(ctx context.Context, p Progress, s *Store, _ Paths) error {
			_, err := s.Verify(ctx, name, quick, p)
			return err
		}
	}
	without := func(act func(context.Context, Progress, *Store, Paths) error) func(context.Context, Progress, *Store, Paths) error {
		return func(ctx context.Context, p Progress, s *Store, dir Paths) error {
			os.Remove(s.indexPath("a"))
			return act(ctx, p, s, dir)
		}
	}
	const index, row = "snapshots/a.idx", "snapshots.json snapshots.lock"
	for name, c := range map[string]canceled{
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
		"export": {func(ctx context.Context, p Progress, s *Store, _ Paths) error {
			return s.Export(ctx, "a", io.Discard, p)
		}, "", 4},
		"export to a file": {func(ctx context.Context, p Progress, s *Store, dir Paths) error {
			return s.ExportFile(ctx, "a", filepath.Dir(dir.Disk)+"/out.gz", p)
		}, "out.gz", 5},
		"extract": {func(ctx context.Context, p Progress, s *Store, dir Paths) error {
			_, err := s.Extract(ctx, "a", filepath.Dir(dir.Disk)+"/new.raw", p)
			return err
		}, "new.raw", 5},
		"describe at length": {func(ctx context.Context, _ Progress, s *Store, _ Paths) error {
			return s.Describe(ctx, "a", strings.Repeat("x", MaxDescription))
		}, index + " " + row + " snapshots/a.raw.gz", 2},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			before := contents(t, filepath.Dir(dir.Disk))
			for n := int64(1); ; n += 1 + n/8 { // the first ones differ most
				ctx := endAt(n)
				err := c.act(ctx, ctx, store, dir)
				ctx.cancel()
				after := contents(t, filepath.Dir(dir.Disk))
				for _, changed := range differing(before, after) {
					mayEver := changed == index && strings.HasPrefix(c.may, index) // it is a cache
					if !strings.Contains(c.may, changed) || err != nil && !mayEver && changed != "snapshots.lock" {
						t.Errorf("at point %d (%v): got a changed %s, want it unchanged", n, err, changed)
					}
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatalf("at point %d: got error %v, want none or context.Canceled", n, err)
				}
				if err == nil {
					checkAll(t, store, after)
				}
				putBack(t, filepath.Dir(dir.Disk), before)
				if ctx.left.Load() > 0 {
					if n < c.least {
						t.Errorf("got only %d points, want more", n)
					}
					return
				}
			}
		})
	}
}

// checkAll verifies all snapshots after an operation has ended.
func checkAll(t *testing.T, s *Store, files map[string]string) {
	t.Helper()
	for name := range files {
		if name, ok := strings.CutSuffix(filepath.Base(name), FileSuffix); ok {
			if _, err := s.Verify(context.Background(), name, true, nil); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCancelPruning checks that a canceled Prune reports the snapshots that it deleted.
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
			t.Errorf("at point %d: Prune deleted %d snapshots but reported %s; errors %v, %v", n, 4-len(list), names(p.Deleted), err, listErr)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("at point %d: got error %v, want none or context.Canceled", n, err)
		}
		if err != nil && len(p.Deleted) > 0 {
			partly++
		}
		if ctx.left.Load() > 0 {
			break
		}
	}
	if partly == 0 {
		t.Error("got no interruption in the middle, want one")
	}
}
