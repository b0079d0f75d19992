package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
)

func TestCreateListRestoreDelete(t *testing.T) {
	first, second := content(1, 7*mib+123), content(2, 9*mib)
	dir := vmDir(t, first)
	store, ctx := Open(dir), context.Background()
	made := create(t, dir, "first")
	if made.State != StateOK || made.DiskSize != int64(len(first)) || len(made.Digest) != 64 || made.Taken != TakenStopped {
		t.Errorf("Create: got %+v, want State %v, DiskSize %v, a Digest of 64 characters, Taken %v", made, StateOK, int64(len(first)), TakenStopped)
	}
	writeFile(t, dir.Disk, second)
	create(t, dir, "Second")

	list, notes, err := store.List(ctx)
	if err != nil || len(notes) != 0 || len(list) != 2 {
		t.Fatalf("List: got %v, notes %v, error %v; want 2 entries, no notes", list, notes, err)
	}
	if list[0].Name != "Second" || list[1] != made {
		t.Errorf("got listed %+v, want as created %+v", list, made)
	}
	r := restore(t, dir, "FIRST")
	if !bytes.Equal(readFile(t, dir.Disk), first) {
		t.Error("got a different disk, want the first one")
	}
	if r.Undo != dir.Undo || !bytes.Equal(readFile(t, r.Undo), second) || r.OldSize != int64(len(second)) || r.NewSize != int64(len(first)) {
		t.Errorf("Restore: got %+v, want Undo %v, OldSize %v, NewSize %v", r, dir.Undo, int64(len(second)), int64(len(first)))
	}
	if err := store.Delete(ctx, "first"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, "first"); !errors.Is(err, ErrNotFound) {
		t.Errorf("after deleting: got error %v, want error %v", err, ErrNotFound)
	}
	want := "disk.raw disk.undo snapshots.json snapshots.lock snapshots/Second.idx snapshots/Second.raw.gz"
	if got := tree(t, filepath.Dir(dir.Disk)); got != want {
		t.Errorf("got the files %s", got)
	}
	for _, path := range []string{dir.Rows, store.filePath("Second"), store.indexPath("Second"), dir.Disk} {
		if st, err := os.Stat(path); err != nil || st.Mode() != durable.FileMode {
			t.Errorf("%s: got %v %v, want %v", path, st.Mode(), err, durable.FileMode)
		}
	}
}

func TestNames(t *testing.T) {
	dir := vmDir(t, []byte("x"))
	create(t, dir, "Größe")
	for name, want := range map[string]error{
		"../x": durable.ErrBadName, "": durable.ErrBadName, "a b": durable.ErrBadName,
		"grÖSSE": ErrExists, "größe": ErrExists, "free": nil,
	} {
		if err := Open(dir).Reserve(name); !errors.Is(err, want) {
			t.Errorf("%q: got error %v, want error %v", name, err, want)
		}
	}
	disk := openDisk(t, dir)
	if _, err := Open(dir).Create(context.Background(), disk, Request{Name: "GRÖßE"}, nil); !errors.Is(err, ErrExists) {
		t.Errorf("name that differs only in case: got error %v, want error %v", err, ErrExists)
	}
	long := Request{Name: "x", Description: strings.Repeat("x", MaxDescription+1)}
	if _, err := Open(dir).Create(context.Background(), disk, long, nil); !errors.Is(err, ErrBadDescription) {
		t.Errorf("long description: got error %v, want error %v", err, ErrBadDescription)
	}
	full := Request{Name: strings.Repeat("n", durable.MaxName), Description: strings.Repeat(`"`, MaxDescription), VM: strings.Repeat("v", durable.MaxName), Created: time.Now(), Taken: TakenCrashConsistent, FrozenFor: time.Hour}
	i, err := Open(dir).Create(context.Background(), disk, full, nil)
	if err != nil || get(t, dir, full.Name) != i.Info || i.Description != full.Description {
		t.Errorf("longest description: got error %v or other values", err)
	}
}

func TestCopiedFileIsImported(t *testing.T) {
	disk := content(3, 3*mib)
	from, to := vmDir(t, disk), vmDir(t, []byte("other"))
	made := create(t, from, "configured")
	writeFile(t, Open(to).filePath("copy"), readFile(t, Open(from).filePath("configured")))
	i := get(t, to, "copy")
	made.Name, made.State = "copy", StateImported
	if i != made {
		t.Errorf("got imported %+v, want as created %+v", i, made)
	}
	if restore(t, to, "copy"); !bytes.Equal(readFile(t, to.Disk), disk) {
		t.Error("got a different disk than exported")
	}
	if err := Open(to).Delete(context.Background(), "copy"); err != nil {
		t.Error(err)
	}
}

func TestListReportsBrokenSnapshots(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	store := Open(dir)
	for _, name := range []string{"ok", "gone", "cut", "flipped", "swapped"} {
		create(t, dir, name)
	}
	os.Remove(store.filePath("gone"))
	whole := readFile(t, store.filePath("ok"))
	writeFile(t, store.filePath("cut"), whole[:len(whole)-5])
	flipped := bytes.Clone(whole)
	flipped[40] ^= 1
	writeFile(t, store.filePath("flipped"), flipped)
	writeFile(t, store.filePath("swapped"), whole)
	writeFile(t, store.filePath("text"), []byte("this is no gzip file, whatever its name says"))
	writeFile(t, store.filePath("empty"), nil)
	writeFile(t, filepath.Join(dir.Snapshots, "bad name\x1b.raw.gz"), whole)
	if err := os.Mkdir(store.filePath("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere", store.filePath("dangling")); err != nil {
		t.Fatal(err)
	}
	list, notes, err := store.List(context.Background())
	if err != nil || len(notes) != 1 || strings.ContainsRune(notes[0], '\x1b') {
		t.Errorf("List: got notes %q, error %v; want 1 note", notes, err)
	}
	want := map[string]State{
		"ok": StateOK, "gone": StateMissing, "cut": StateDamaged, "flipped": StateDamaged, "swapped": StateImported,
		"text": StateDamaged, "empty": StateDamaged, "folder": StateDamaged, "dangling": StateDamaged,
	}
	if len(list) != len(want) {
		t.Errorf("List: got %d snapshots, want %d", len(list), len(want))
	}
	for _, i := range list {
		if i.State != want[i.Name] || (i.Problem == nil) != (i.State == StateOK || i.State == StateImported) {
			t.Errorf("%s: got state %s with the problem %v, want state %v", i.Name, i.State, i.Problem, want[i.Name])
		}
	}
	if i := get(t, dir, "cut"); i.Description != "as cut" || i.DiskSize != 2*mib {
		t.Errorf("damaged file: got %+v, want Description %q, DiskSize %v", i, "as cut", 2*mib)
	}
	before := readFile(t, dir.Disk)
	for name, wantErr := range map[string]error{"gone": ErrMissing, "cut": ErrDamaged, "flipped": ErrDamaged, "text": ErrDamaged, "none": ErrNotFound} {
		if _, err := store.Restore(context.Background(), name, dir.Disk, nil); !errors.Is(err, wantErr) {
			t.Errorf("restoring %s: got error %v, want error %v", name, err, wantErr)
		}
	}
	if !bytes.Equal(readFile(t, dir.Disk), before) {
		t.Error("got a changed disk, want the same")
	}
	for name := range want {
		if err := store.Delete(context.Background(), name); err != nil {
			t.Errorf("deleting %s: got error %v, want no error", name, err)
		}
	}
}

// TestRowsAreACache uses rows that cannot be decoded. Readers leave them alone. The first
// change sets the file aside and keeps the rows before the error.
func TestRowsAreACache(t *testing.T) {
	for name, text := range map[string]string{
		"torn": `{"version": 1, "snap`, "empty": "", "foreign": `[1,2]`, "no version": `{}`, "text": "hello",
		"torn row": `{"version":1,"snapshots":[{"name":"f","foreign":true,"file_size":31,"pinned":true,"description":"mine"},{"na`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, content(1, mib))
			made := create(t, dir, "a")
			writeFile(t, dir.Rows, []byte(text))
			store, ctx := Open(dir), context.Background()
			list, notes, err := store.List(ctx)
			if err != nil || len(list) == 0 || list[0] != made || len(notes) != 1 || !strings.Contains(notes[0], dir.Rows+", line 1") {
				t.Errorf("List: got %+v, notes %q, error %v; want 1 note", list, notes, err)
			}
			if _, err := store.Verify(ctx, "a", false, nil); err != nil {
				t.Error(err)
			}
			if got := readFile(t, dir.Rows); string(got) != text {
				t.Errorf("got the rows %q after a read, want %v", got, text)
			}
			if beside, _ := filepath.Glob(dir.Rows + "?*"); len(beside) > 0 {
				t.Errorf("got leftover files %v after a read, want none", beside)
			}
			if err := store.Pin(ctx, "a", true); err != nil {
				t.Fatal(err)
			}
			if got := readFile(t, dir.Rows+durable.AsideInfix+"1"); string(got) != text {
				t.Errorf("got the copy of the damaged rows %q, want %v", got, text)
			}
			if got := string(readFile(t, dir.Rows)); strings.Contains(text, "mine") && !strings.Contains(got, `"mine"`) {
				t.Errorf("got rows %s, want all readable rows", got)
			}
			if _, notes, _ = store.List(ctx); len(notes) != 0 {
				t.Errorf("after a change: got %q, want none", notes)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		dir := vmDir(t, content(1, mib))
		create(t, dir, "a")
		os.Remove(dir.Rows)
		if i := get(t, dir, "a"); i.State != StateImported {
			t.Errorf("get: got %+v, want State %v", i, StateImported)
		}
		if restore(t, dir, "a"); get(t, dir, "a").DiskSize != mib {
			t.Error("got a wrong DiskSize after a restore, want 1 MiB")
		}
	})
}

// TestWrongValueInARow checks that a wrong value affects only itself. The file keeps it
// until its row changes.
func TestWrongValueInARow(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	for _, name := range []string{"f", "g"} {
		writeFile(t, store.filePath(name), goGzip(t, content(1, mib)))
		if err := errors.Join(store.Pin(ctx, name, true), store.Describe(ctx, name, "by hand")); err != nil {
			t.Fatal(err)
		}
	}
	text := string(readFile(t, dir.Rows))
	at := strings.Index(text, `"name": "f"`)
	wrong := "\ufeff" + text[:at] + strings.Replace(text[at:], `"created": "`, `"created": "about `, 1)
	writeFile(t, dir.Rows, []byte(wrong))
	list, notes, err := store.List(ctx)
	if err != nil || len(list) != 3 || len(notes) != 1 || !strings.Contains(notes[0], "created: ") {
		t.Errorf("List: got %+v, notes %q, error %v; want 3 entries, 1 note", list, notes, err)
	}
	for _, name := range []string{"f", "g"} {
		if i := get(t, dir, name); !i.Pinned || i.Description != "by hand" {
			t.Errorf("%s: got %+v, want Pinned, Description %q", name, i, "by hand")
		}
	}
	if got := readFile(t, dir.Rows); string(got) != wrong {
		t.Errorf("got the rows %q after a read, want %v", got, wrong)
	}
	if err := store.Describe(ctx, "g", "another"); err != nil {
		t.Fatal(err)
	}
	if got := string(readFile(t, dir.Rows)); !strings.Contains(got, "about ") {
		t.Errorf("got %s after a change of another row, want %q in it", got, "about ")
	}
	if i := get(t, dir, "g"); i.Description != "another" {
		t.Errorf("g: got %+v, want Description %q", i, "another")
	}
}

func TestNewerRowsAreReadOnly(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "a")
	const newer = `{"version": 2, "snapshots": {}}`
	writeFile(t, dir.Rows, []byte(newer))
	store, ctx := Open(dir), context.Background()
	list, notes, err := store.List(ctx)
	if err != nil || len(list) != 1 || len(notes) != 1 {
		t.Errorf("List: got %v, notes %q, error %v; want 1 entry, 1 note", list, notes, err)
	}
	disk := openDisk(t, dir)
	if _, err := store.Create(ctx, disk, Request{Name: "b"}, nil); !errors.Is(err, ErrNewer) {
		t.Errorf("create: got error %v, want error %v", err, ErrNewer)
	}
	if err := store.Delete(ctx, "a"); !errors.Is(err, ErrNewer) {
		t.Errorf("delete: got error %v, want error %v", err, ErrNewer)
	}
	if string(readFile(t, dir.Rows)) != newer || get(t, dir, "a").State != StateImported {
		t.Error("got changed rows or a changed state, want neither")
	}
}
