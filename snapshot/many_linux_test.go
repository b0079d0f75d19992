package snapshot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/counttest"
)

// manySnapshots returns the paths of a VM with n snapshots of a small disk.
func manySnapshots(t testing.TB, n int) (dir Paths, names []string) {
	t.Helper()
	dir = vmDir(t, content(1, 5000))
	store := Open(dir)
	disk, err := OpenDisk(dir.Disk)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if _, err := store.Create(context.Background(), disk, Request{Name: "s0000"}, nil); err != nil {
		t.Fatal(err)
	}
	first := readFile(t, store.filePath("s0000"))
	r, err := readRows(dir.Rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		name := fmt.Sprintf("s%04d", i)
		names = append(names, name)
		if i == 0 {
			continue
		}
		writeFile(t, store.filePath(name), first)
		row := r.Snapshots[0]
		row.Name = name
		r.Snapshots = append(r.Snapshots, row)
	}
	if err := durable.ReplaceJSON(dir.Rows, r); err != nil {
		t.Fatal(err)
	}
	return dir, names
}

// TestManySnapshotsAreListedOnce counts how often operations on all snapshots read and
// write the rows and open the files.
func TestManySnapshotsAreListedOnce(t *testing.T) {
	const n = 50
	dir, names := manySnapshots(t, n)
	store, ctx := Open(dir), context.Background()
	rows, files := counttest.Watch(t, filepath.Dir(dir.Disk)), counttest.Watch(t, dir.Snapshots)
	counted := func(what string, reads, writes, opens int) {
		t.Helper()
		got := rows()[filepath.Base(dir.Rows)]
		if got.Opened > reads || got.Replaced > writes {
			t.Errorf("%s: the rows were read %d times and written %d times, want at most %d and %d", what, got.Opened, got.Replaced, reads, writes)
		}
		all := 0
		for name, c := range files() {
			if filepath.Ext(name) == ".gz" {
				all += c.Opened
			}
		}
		if all > opens*n {
			t.Errorf("%s: snapshots were opened %d times, want at most %d", what, all, opens*n)
		}
	}
	counted("nothing", 0, 0, 0)
	create(t, dir, "new")
	counted("creation", 2, 1, 2)
	if err := store.Delete(ctx, "new"); err != nil {
		t.Fatal(err)
	}
	_, _ = rows(), files()
	for _, quick := range []bool{true, false} {
		v, err := store.NewVerifier(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if _, err := v.Verify(ctx, name, quick, nil); err != nil {
				t.Fatal(err)
			}
		}
		v.Close()
		if quick {
			counted("quick verification", 1, 0, 2)
		} else {
			counted("verification", 4, 2, 3)
		}
	}
	if i := get(t, dir, "s0007"); i.VerifiedAt.IsZero() {
		t.Errorf("got the row %+v, want it to contain the finding", i)
	}
	counted("one", 1, 0, 1)
	for at, err := range store.DeleteAll(ctx, append([]string{"none"}, names[:40]...)) {
		if (err != nil) != (at == 0) {
			t.Errorf("deleting %d: got error %v, want an error only for 0", at, err)
		}
	}
	counted("deletion of 40", 1+2, 2*2, 2)
	list, _, err := store.List(ctx)
	if err != nil || len(list) != n-40 {
		t.Errorf("got %d snapshots, %v", len(list), err)
	}
	counted("list", 1, 0, 1)
	if p, err := store.Prune(ctx, Keep{Last: 1}, list[0].Created.AddDate(1, 0, 0), false); err != nil || len(p.Deleted) != n-40-1 {
		t.Errorf("Prune: got %d deleted, %v; want %v", len(p.Deleted), err, n-40-1)
	}
	counted("prune", 3, 2, 2)
	if _, err := os.Stat(store.filePath(list[len(list)-1].Name)); err == nil {
		t.Error("got the file of a pruned snapshot, want none")
	}
}

func BenchmarkList1000(b *testing.B) {
	dir, _ := manySnapshots(b, 1000)
	for b.Loop() {
		if list, _, err := Open(dir).List(context.Background()); err != nil || len(list) != 1000 {
			b.Fatal(len(list), err)
		}
	}
}

func BenchmarkGetOf1000(b *testing.B) {
	dir, names := manySnapshots(b, 1000)
	for b.Loop() {
		if _, err := Open(dir).Get(context.Background(), names[500]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyQuick1000(b *testing.B) {
	dir, names := manySnapshots(b, 1000)
	for b.Loop() {
		v, err := Open(dir).NewVerifier(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range names {
			if _, err := v.Verify(context.Background(), name, true, nil); err != nil {
				b.Fatal(err)
			}
		}
		v.Close()
	}
}

func BenchmarkDelete400Of1000(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir, names := manySnapshots(b, 1000)
		b.StartTimer()
		for _, err := range Open(dir).DeleteAll(context.Background(), names[:400]) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
