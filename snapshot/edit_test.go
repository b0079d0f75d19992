package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/gzfile"
)

// says returns what a snapshot's file says of itself, going by it alone.
func says(t testing.TB, s *Store, name string) gzfile.Header {
	t.Helper()
	h, _, err := gzfile.ReadHeader(bytes.NewReader(readFile(t, s.file(name))))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestDescribeAndPin(t *testing.T) {
	disk := content(1, 3*mib)
	dir := vmDir(t, disk)
	store, ctx := Open(dir), context.Background()
	want := create(t, dir, "a")
	body := readFile(t, store.file("a"))[gzfile.Align:]
	for _, description := range []string{"new", "", "x\ny\x1b", strings.Repeat("ö", MaxDescription/2), strings.Repeat(`"`, MaxDescription), "short again"} {
		if err := store.Describe(ctx, "A", description); err != nil {
			t.Fatal(err)
		}
		want.Description = strings.TrimSpace(plain(description))
		i := get(t, dir, "a")
		want.FileSize, want.Frees = i.FileSize, i.Frees
		if i != want || says(t, store, "a").Description != want.Description {
			t.Errorf("%+v, not %+v", i, want)
		}
		b := readFile(t, store.file("a"))
		if !bytes.HasSuffix(b, body) || (len(b)-len(body))%gzfile.Align != 0 {
			t.Error("the body has changed")
		}
		for _, quick := range []bool{true, false} {
			if _, err := store.Verify(ctx, "a", quick, nil); err != nil {
				t.Error(err)
			}
		}
		want.VerifiedAt = get(t, dir, "a").VerifiedAt
	}
	file, _, err := store.open("a")
	if err != nil {
		t.Fatal(err)
	}
	if store.readIndex("a", file) == nil {
		t.Error("the index does not fit any more")
	}
	file.Close()
	for _, pinned := range []bool{true, true, false, true} {
		if err := store.Pin(ctx, "a", pinned); err != nil || get(t, dir, "a").Pinned != pinned || says(t, store, "a").Pinned != pinned {
			t.Errorf("%v: %+v %v", pinned, get(t, dir, "a"), err)
		}
	}
	os.Remove(dir.Rows())
	if i := get(t, dir, "a"); !i.Pinned || i.Description != "short again" {
		t.Errorf("with its row it lost %+v", i)
	}
	if restore(t, dir, "a"); !bytes.Equal(readFile(t, dir.Disk()), disk) {
		t.Error("another disk")
	}
	if got := tree(t, dir.Snapshots()); got != "a.idx a.raw.gz" {
		t.Errorf("left are %s", got)
	}
}

func TestEditForeign(t *testing.T) {
	dir := vmDir(t, nil)
	store, ctx := Open(dir), context.Background()
	b := gzipped(t, content(1, mib))
	writeFile(t, store.file("f"), b)
	if err := errors.Join(store.Describe(ctx, "f", "by hand"), store.Pin(ctx, "f", true), store.Rename(ctx, "f", "g")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Verify(ctx, "g", false, nil); err != nil {
		t.Fatal(err)
	}
	i := get(t, dir, "g")
	if i.Description != "by hand" || !i.Pinned || i.State != StateImported || i.DiskSize != mib || !bytes.Equal(readFile(t, store.file("g")), b) {
		t.Errorf("%+v", i)
	}
}

func TestEditRefuses(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	store, ctx := Open(dir), context.Background()
	for _, name := range []string{"a", "gone", "bad"} {
		create(t, dir, name)
	}
	os.Remove(store.file("gone"))
	damage(t, store.file("bad"), 40)
	for name, c := range map[string]struct{ err, want error }{
		"describe none":     {store.Describe(ctx, "none", "x"), ErrNotFound},
		"describe missing":  {store.Describe(ctx, "gone", "x"), ErrMissing},
		"describe damaged":  {store.Describe(ctx, "bad", "x"), ErrDamaged},
		"too long":          {store.Describe(ctx, "a", strings.Repeat("x", MaxDescription+1)), ErrBadDescription},
		"pin none":          {store.Pin(ctx, "none", true), ErrNotFound},
		"rename none":       {store.Rename(ctx, "none", "x"), ErrNotFound},
		"rename missing":    {store.Rename(ctx, "gone", "x"), ErrMissing},
		"rename to another": {store.Rename(ctx, "a", "BAD"), ErrExists},
		"rename badly":      {store.Rename(ctx, "a", "../x"), ondisk.ErrBadName},
		"rename damaged":    {store.Rename(ctx, "bad", "worse"), nil},
		"over missing":      {store.Rename(ctx, "worse", "Gone"), nil},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if i := get(t, dir, "gone"); i.Name != "Gone" || i.State != StateDamaged || i.Description != "as bad" {
		t.Errorf("%+v", i)
	}
	if list, _, err := store.List(ctx); len(list) != 2 {
		t.Errorf("%+v %v", list, err)
	}
	writeFile(t, dir.Rows(), []byte(`{"version": 2}`))
	before := readFile(t, store.file("a"))
	for name, err := range map[string]error{
		"describe": store.Describe(ctx, "a", "x"), "pin": store.Pin(ctx, "a", true), "rename": store.Rename(ctx, "a", "x"),
	} {
		if !errors.Is(err, ErrNewer) {
			t.Errorf("%s with rows of a newer version: %v", name, err)
		}
	}
	if !bytes.Equal(before, readFile(t, store.file("a"))) {
		t.Error("the file has changed")
	}
}

func TestRename(t *testing.T) {
	disk := content(1, 3*mib)
	dir := vmDir(t, disk)
	store, ctx := Open(dir), context.Background()
	want := create(t, dir, "a")
	long := strings.Repeat("n", ondisk.MaxName)
	for _, to := range []string{"b", "B", "B", "größe", "GRÖSSE", long, "a"} {
		if err := store.Rename(ctx, want.Name, to); err != nil {
			t.Fatal(err)
		}
		want.Name = to
		list, notes, err := store.List(ctx)
		if err != nil || len(list) != 1 || len(notes) != 0 || list[0] != want || says(t, store, to).Name != to {
			t.Errorf("%+v, not %+v; %v %v", list, want, notes, err)
		}
		if got := tree(t, string(dir)); got != fmt.Sprintf("disk.raw snapshots.json snapshots.lock snapshots/%[1]s.idx snapshots/%[1]s.raw.gz", to) {
			t.Errorf("left are %s", got)
		}
	}
	// A name that makes the header longer.
	text, err := json.Marshal(says(t, store, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Describe(ctx, "a", strings.Repeat("x", gzfile.Align-len(text)-40)); err != nil {
		t.Fatal(err)
	}
	before := get(t, dir, "a").FileSize
	for n := 10; n <= ondisk.MaxName; n += 10 {
		if err := store.Rename(ctx, want.Name, long[:n]); err != nil {
			t.Fatal(err)
		}
		want.Name = long[:n]
	}
	if i := get(t, dir, long); before > want.FileSize || i.FileSize != before+gzfile.Align || i.Name != long || says(t, store, long).Name != long {
		t.Errorf("%d bytes, now %d, called %s", before, i.FileSize, i.Name)
	}
	if restore(t, dir, long); !bytes.Equal(readFile(t, dir.Disk()), disk) {
		t.Error("another disk")
	}
}

// TestReadersAreNotDisturbed reads while headers and names change.
func TestReadersAreNotDisturbed(t *testing.T) {
	disk := content(1, 3*mib)
	dir := vmDir(t, disk)
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	create(t, dir, "b")
	var work sync.WaitGroup
	stop := make(chan struct{})
	reading := func(read func() error) {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := read(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	reading(func() error {
		list, notes, err := store.List(ctx)
		for _, i := range list {
			if i.State == StateDamaged || i.State == StateMissing {
				return fmt.Errorf("%+v", i)
			}
		}
		if len(notes) != 0 {
			return fmt.Errorf("%q", notes)
		}
		return err
	})
	reading(func() error {
		_, err := store.Verify(ctx, "a", false, nil)
		return err
	})
	reading(func() error {
		var b bytes.Buffer
		if err := store.Export(ctx, "a", &b, nil); err != nil {
			return err
		}
		f, err := gzfile.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			return err
		}
		return f.Verify(ctx, nil, gzfile.Options{})
	})
	for n := range 6 {
		if err := errors.Join(
			store.Describe(ctx, "a", strings.Repeat(fmt.Sprint(n, " "), 400)), store.Pin(ctx, "a", n%2 == 0),
			store.Rename(ctx, "b", "c"), store.Rename(ctx, "c", "b"),
		); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	work.Wait()
	if restore(t, dir, "a"); !bytes.Equal(readFile(t, dir.Disk()), disk) {
		t.Error("another disk")
	}
}
