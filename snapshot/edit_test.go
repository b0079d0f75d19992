package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// readHeaderOf returns the header in a snapshot's file, whatever its row says.
func readHeaderOf(t testing.TB, s *Store, name string) gzfile.Header {
	t.Helper()
	h, _, err := gzfile.ReadHeader(bytes.NewReader(readFile(t, s.filePath(name))))
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
	body := readFile(t, store.filePath("a"))[gzfile.Align:]
	for _, description := range []string{"new", "", "x\ny\x1b", strings.Repeat("ö", MaxDescription/2), strings.Repeat(`"`, MaxDescription), "short again"} {
		if err := store.Describe(ctx, "A", description); err != nil {
			t.Fatal(err)
		}
		want.Description = strings.TrimSpace(sanitizeText(description))
		i := get(t, dir, "a")
		want.FileSize, want.Frees = i.FileSize, i.Frees
		if i != want || readHeaderOf(t, store, "a").Description != want.Description {
			t.Errorf("got %+v, want %+v", i, want)
		}
		b := readFile(t, store.filePath("a"))
		if !bytes.HasSuffix(b, body) || (len(b)-len(body))%gzfile.Align != 0 {
			t.Error("got a changed body, want the same")
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
	if readIndex(store.indexPath("a"), file) == nil {
		t.Error("got an unusable index, want it usable")
	}
	file.Close()
	for _, pinned := range []bool{true, true, false, true} {
		if err := store.Pin(ctx, "a", pinned); err != nil || get(t, dir, "a").Pinned != pinned || readHeaderOf(t, store, "a").Pinned != pinned {
			t.Errorf("Pin(%v): got %+v, %v", pinned, get(t, dir, "a"), err)
		}
	}
	os.Remove(dir.Rows)
	if i := get(t, dir, "a"); !i.Pinned || i.Description != "short again" {
		t.Errorf("without its row: got %+v, want Pinned and the description", i)
	}
	if restore(t, dir, "a"); !bytes.Equal(readFile(t, dir.Disk), disk) {
		t.Error("got other disk contents")
	}
	if got := tree(t, dir.Snapshots); got != "a.idx a.raw.gz" {
		t.Errorf("got the files %s, want a.idx a.raw.gz", got)
	}
}

func TestEditForeign(t *testing.T) {
	dir := vmDir(t, nil)
	store, ctx := Open(dir), context.Background()
	b := gzipped(t, content(1, mib))
	writeFile(t, store.filePath("f"), b)
	if err := errors.Join(store.Describe(ctx, "f", "by hand"), store.Pin(ctx, "f", true), store.Rename(ctx, "f", "g")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Verify(ctx, "g", false, nil); err != nil {
		t.Fatal(err)
	}
	i := get(t, dir, "g")
	if i.Description != "by hand" || !i.Pinned || i.State != StateImported || i.DiskSize != mib || !bytes.Equal(readFile(t, store.filePath("g")), b) {
		t.Errorf("get: got %+v, want Description %q, Pinned, State %v, DiskSize %v", i, "by hand", StateImported, mib)
	}
}

func TestEditErrors(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	store, ctx := Open(dir), context.Background()
	for _, name := range []string{"a", "gone", "bad"} {
		create(t, dir, name)
	}
	os.Remove(store.filePath("gone"))
	damage(t, store.filePath("bad"), 40)
	for name, c := range map[string]struct{ err, want error }{
		"describe none":     {store.Describe(ctx, "none", "x"), ErrNotFound},
		"describe missing":  {store.Describe(ctx, "gone", "x"), ErrMissing},
		"describe damaged":  {store.Describe(ctx, "bad", "x"), ErrDamaged},
		"too long":          {store.Describe(ctx, "a", strings.Repeat("x", MaxDescription+1)), ErrBadDescription},
		"pin none":          {store.Pin(ctx, "none", true), ErrNotFound},
		"rename none":       {store.Rename(ctx, "none", "x"), ErrNotFound},
		"rename missing":    {store.Rename(ctx, "gone", "x"), ErrMissing},
		"rename to another": {store.Rename(ctx, "a", "BAD"), ErrExists},
		"rename badly":      {store.Rename(ctx, "a", "../x"), durable.ErrBadName},
		"rename damaged":    {store.Rename(ctx, "bad", "worse"), nil},
		"over missing":      {store.Rename(ctx, "worse", "Gone"), nil},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got error %v, want error %v", name, c.err, c.want)
		}
	}
	if i := get(t, dir, "gone"); i.Name != "Gone" || i.State != StateDamaged || i.Description != "as bad" {
		t.Errorf("get: got %+v, want Name %q, State %v, Description %q", i, "Gone", StateDamaged, "as bad")
	}
	if list, _, err := store.List(ctx); len(list) != 2 {
		t.Errorf("List: got %+v %v, want 2 entries", list, err)
	}
	writeFile(t, dir.Rows, []byte(`{"version": 2}`))
	before := readFile(t, store.filePath("a"))
	for name, err := range map[string]error{
		"describe": store.Describe(ctx, "a", "x"), "pin": store.Pin(ctx, "a", true), "rename": store.Rename(ctx, "a", "x"),
	} {
		if !errors.Is(err, ErrNewer) {
			t.Errorf("%s with newer rows: got error %v, want error %v", name, err, ErrNewer)
		}
	}
	if !bytes.Equal(before, readFile(t, store.filePath("a"))) {
		t.Error("got a changed file, want the same")
	}
}

func TestRename(t *testing.T) {
	disk := content(1, 3*mib)
	dir := vmDir(t, disk)
	store, ctx := Open(dir), context.Background()
	want := create(t, dir, "a")
	long := strings.Repeat("n", durable.MaxName)
	for _, to := range []string{"b", "B", "B", "größe", "GRÖSSE", long, "a"} {
		if err := store.Rename(ctx, want.Name, to); err != nil {
			t.Fatal(err)
		}
		want.Name = to
		list, notes, err := store.List(ctx)
		if err != nil || len(list) != 1 || len(notes) != 0 || list[0] != want || readHeaderOf(t, store, to).Name != to {
			t.Errorf("got %+v, want %+v; %v %v", list, want, notes, err)
		}
		if got := tree(t, filepath.Dir(dir.Disk)); got != fmt.Sprintf("disk.raw snapshots.json snapshots.lock snapshots/%[1]s.idx snapshots/%[1]s.raw.gz", to) {
			t.Errorf("got the files %s", got)
		}
	}
	// Use a name that makes the header longer.
	text, err := json.Marshal(readHeaderOf(t, store, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Describe(ctx, "a", strings.Repeat("x", gzfile.Align-len(text)-40)); err != nil {
		t.Fatal(err)
	}
	before := get(t, dir, "a").FileSize
	for n := 10; n <= durable.MaxName; n += 10 {
		if err := store.Rename(ctx, want.Name, long[:n]); err != nil {
			t.Fatal(err)
		}
		want.Name = long[:n]
	}
	if i := get(t, dir, long); before > want.FileSize || i.FileSize != before+gzfile.Align || i.Name != long || readHeaderOf(t, store, long).Name != long {
		t.Errorf("got %d bytes, then %d, name %s; want %v, name %v", before, i.FileSize, i.Name, before+gzfile.Align, long)
	}
	if restore(t, dir, long); !bytes.Equal(readFile(t, dir.Disk), disk) {
		t.Error("got other disk contents")
	}
}

// TestReadDuringChanges reads snapshots while their headers and names change.
func TestReadDuringChanges(t *testing.T) {
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
				return fmt.Errorf("got %+v", i)
			}
		}
		if len(notes) != 0 {
			return fmt.Errorf("got notes %q", notes)
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
	if restore(t, dir, "a"); !bytes.Equal(readFile(t, dir.Disk), disk) {
		t.Error("got other disk contents")
	}
}

// TestHardLinkedBackupIsUnchanged changes a snapshot whose file has a hard link, such as a
// backup by cp -al. The backup must not change.
func TestHardLinkedBackupIsUnchanged(t *testing.T) {
	dir := vmDir(t, content(1, 3*mib))
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	backup := filepath.Dir(dir.Disk) + "/backup"
	var before []byte
	for what, change := range map[string]func() error{
		"pin":      func() error { return store.Pin(ctx, "a", true) },
		"describe": func() error { return store.Describe(ctx, "a", "other") },
		"rename":   func() error { return errors.Join(store.Rename(ctx, "a", "b"), store.Rename(ctx, "b", "a")) },
	} {
		os.Remove(backup)
		if err := os.Link(store.filePath("a"), backup); err != nil {
			t.Fatal(err)
		}
		before = readFile(t, backup)
		if err := change(); err != nil {
			t.Fatal(what, err)
		}
		if !bytes.Equal(readFile(t, backup), before) {
			t.Errorf("%s: got a changed backup, want the same", what)
		}
		if _, err := store.Verify(ctx, "a", false, nil); err != nil {
			t.Errorf("%s: got error %v, want no error", what, err)
		}
	}
	if h := readHeaderOf(t, store, "a"); !h.Pinned || h.Description != "other" || h.Name != "a" {
		t.Errorf("got header %+v, want Pinned, Description %q, Name %q", h, "other", "a")
	}
}

// TestUnknownMembersOfRows checks that members of the list from a newer version are kept.
func TestUnknownMembersOfRows(t *testing.T) {
	dir := vmDir(t, content(1, 1*mib))
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	create(t, dir, "b")
	text := string(readFile(t, dir.Rows))
	text = strings.Replace(text, `"snapshots"`, `"all": [1], "snapshots"`, 1)
	text = strings.ReplaceAll(text, `"name"`, `"one": {"x": 2}, "name"`)
	writeFile(t, dir.Rows, []byte(text))
	if err := errors.Join(store.Pin(ctx, "a", true), store.Rename(ctx, "a", "c")); err != nil {
		t.Fatal(err)
	}
	var got struct {
		All       []int
		Snapshots []struct {
			Name   string
			Pinned bool
			One    struct{ X int }
		}
	}
	if err := json.Unmarshal(readFile(t, dir.Rows), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.All) != 1 || len(got.Snapshots) != 2 || get(t, dir, "c").Pinned != true {
		t.Fatalf("got list %+v, want 1 in All, 2 in Snapshots", got)
	}
	for _, s := range got.Snapshots {
		if s.One.X != 2 || s.Pinned != (s.Name == "c") {
			t.Errorf("got row %+v, want Pinned %v", s, (s.Name == "c"))
		}
	}
}
