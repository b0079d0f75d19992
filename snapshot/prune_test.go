package snapshot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestKeepSelects(t *testing.T) {
	zone := time.FixedZone("east", 3*3600)
	now := time.Date(2027, 1, 4, 12, 0, 0, 0, zone) // a Monday, of week 1
	at := func(text string) Info {
		created, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return Info{State: StateOK, Created: created.UTC()}
	}
	changed := func(i Info, change func(*Info)) Info {
		change(&i)
		return i
	}
	history := []Info{
		at("2027-01-04 11:00"), at("2027-01-04 00:30"), // 00:30 is the day before in UTC
		at("2027-01-03 23:00"), at("2027-01-03 01:00"), // week 53 of 2026
		at("2027-01-01 10:00"),
		at("2026-12-28 10:00"), // Monday of that week
		at("2026-12-27 10:00"), // week 52
		at("2026-12-01 10:00"), // week 49
	}
	special := []Info{
		changed(at("2027-01-04 11:59"), func(i *Info) { i.Pinned = true }),
		changed(at("2027-01-04 11:58"), func(i *Info) { i.State = StateDamaged }),
		changed(at("2027-01-04 11:57"), func(i *Info) { i.State = StateImported }),
		changed(at("2027-01-04 11:56"), func(i *Info) { i.State = StateImported; i.Foreign = true }),
		changed(at("2027-01-04 11:55"), func(i *Info) { i.State = StateNewer }),
		changed(at("2027-01-04 11:54"), func(i *Info) { i.State = StateMissing }),
		at("2030-01-01 10:00"), // a clock was wrong
	}
	for name, c := range map[string]struct {
		keep Keep
		list []Info
		want string
	}{
		"last":            {Keep{Last: 3}, history, "+++-----"},
		"more than all":   {Keep{Last: 100}, history, "++++++++"},
		"days":            {Keep{Daily: 3}, history, "+-+-+---"},
		"days with gaps":  {Keep{Daily: 6}, history, "+-+-++++"},
		"weeks":           {Keep{Weekly: 2}, history, "+-+-----"},
		"weeks with gaps": {Keep{Weekly: 4}, history, "+-+---++"},
		"all rules":       {Keep{Last: 2, Daily: 2, Weekly: 3}, history, "+++---+-"},
		"none there":      {Keep{Last: 1}, nil, ""},
		"those kept":      {Keep{Last: 1, Daily: 1, Weekly: 1}, special, "+++++++"},
		"do not count":    {Keep{Last: 1}, append(special, history...), "++++++++-------"},
		"nor for days":    {Keep{Daily: 1}, append(special, history...), "++++++++-------"},
	} {
		var got strings.Builder
		for _, kept := range c.keep.selectKept(c.list, now) {
			got.WriteByte(map[bool]byte{true: '+', false: '-'}[kept])
		}
		if got.String() != c.want {
			t.Errorf("%s: got %s, want %s", name, got.String(), c.want)
		}
	}
}

func names(list []Info) string {
	var all []string
	for _, i := range list {
		all = append(all, i.Name)
	}
	return strings.Join(all, " ")
}

func TestPrune(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	store, ctx := Open(dir), context.Background()
	now := time.Now()
	for name, days := range map[string]int{"d0": 0, "d1": 1, "d2": 2, "d3": 3, "d4": 4, "cut": 5, "gone": 6} {
		req := Request{Name: name, Created: now.AddDate(0, 0, -days)}
		if _, err := store.Create(ctx, openDisk(t, dir), req, nil); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, store.filePath("byhand"), readFile(t, store.filePath("d0")))
	writeFile(t, store.filePath("cut"), readFile(t, store.filePath("cut"))[:5000])
	os.Remove(store.filePath("gone"))
	if err := store.Pin(ctx, "d3", true); err != nil {
		t.Fatal(err)
	}
	for _, k := range []Keep{{}, {Last: -1, Daily: 3}} {
		if _, err := store.Prune(ctx, k, now, false); !errors.Is(err, ErrBadKeep) {
			t.Errorf("%+v: got error %v, want error %v", k, err, ErrBadKeep)
		}
	}
	before := tree(t, filepath.Dir(dir.Disk))
	size := get(t, dir, "d1").Frees
	for _, dry := range []bool{true, false} {
		p, err := store.Prune(ctx, Keep{Last: 1}, now, dry)
		if err != nil || names(p.Deleted) != "d1 d2 d4" || names(p.Kept) != "byhand d0 d3 cut gone" || p.Freed < 2*mib || p.Freed > 4*size {
			t.Errorf("dry %v: got kept %s, deleted %s, freed %d, error %v; want kept %q, deleted %q", dry, names(p.Kept), names(p.Deleted), p.Freed, err, "d1 d2 d4", "byhand d0 d3 cut gone")
		}
		if dry && tree(t, filepath.Dir(dir.Disk)) != before {
			t.Error("got a change after a dry run, want none")
		}
	}
	if list, _, err := store.List(ctx); err != nil || names(list) != "byhand d0 d3 cut gone" {
		t.Errorf("List: got %s, %v; want %q", names(list), err, "byhand d0 d3 cut gone")
	}
}

func TestPruneStops(t *testing.T) {
	dir := vmDir(t, content(1, 5000))
	store, ctx := Open(dir), context.Background()
	for _, name := range []string{"a", "b", "c"} {
		create(t, dir, name)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if p, err := store.Prune(ended, Keep{Last: 1}, time.Now(), false); !errors.Is(err, context.Canceled) || len(p.Deleted) != 0 {
		t.Errorf("Prune: got %+v, %v; want error %v, nothing deleted", p, err, context.Canceled)
	}
	// A folder in place of a file counts as damage and is kept.
	os.Remove(store.filePath("b"))
	if err := os.MkdirAll(store.filePath("b")+"/x", 0o700); err != nil {
		t.Fatal(err)
	}
	if p, err := store.Prune(ctx, Keep{Last: 1}, time.Now(), false); err != nil || names(p.Deleted) != "a" || names(p.Kept) != "c b" {
		t.Errorf("got kept %s, deleted %s, error %v; want kept %q, deleted %q", names(p.Kept), names(p.Deleted), err, "a", "c b")
	}
	writeFile(t, dir.Rows, []byte(`{"version": 2}`))
	if _, err := store.Prune(ctx, Keep{Last: 1}, time.Now(), false); !errors.Is(err, ErrNewer) {
		t.Errorf("newer rows: got error %v, want ErrNewer", err)
	}
}

// TestFrees checks Frees with and without a hard link to the file.
func TestFrees(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	i := create(t, dir, "a")
	if i.Frees < mib || i.Frees > 3*mib || get(t, dir, "a").Frees != i.Frees {
		t.Errorf("got Frees %d of %d, listed %d; want the same", i.Frees, i.FileSize, get(t, dir, "a").Frees)
	}
	if err := os.Link(Open(dir).filePath("a"), filepath.Dir(dir.Disk)+"/kept"); err != nil {
		t.Fatal(err)
	}
	if i := get(t, dir, "a"); i.Frees != 0 {
		t.Errorf("with a hard link: got Frees %d, want 0", i.Frees)
	}
}
