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

	"vmterminal/app/ondisk"
)

func TestCreateListRestoreDelete(t *testing.T) {
	first, second := content(1, 7*mib+123), content(2, 9*mib)
	dir := vmDir(t, first)
	store, ctx := Open(dir), context.Background()
	made := create(t, dir, "first")
	if made.State != StateOK || made.DiskSize != int64(len(first)) || len(made.Digest) != 64 || made.Taken != TakenStopped {
		t.Errorf("created %+v", made)
	}
	writeFile(t, dir.Disk(), second)
	create(t, dir, "Second")

	list, notes, err := store.List(ctx)
	if err != nil || len(notes) != 0 || len(list) != 2 {
		t.Fatalf("%v %v %v", list, notes, err)
	}
	if list[0].Name != "Second" || list[1] != made {
		t.Errorf("listed %+v, created %+v", list, made)
	}
	r := restore(t, dir, "FIRST")
	if !bytes.Equal(readFile(t, dir.Disk()), first) {
		t.Error("the disk is not the first one")
	}
	if r.Undo != dir.Undo() || !bytes.Equal(readFile(t, r.Undo), second) || r.OldSize != int64(len(second)) || r.NewSize != int64(len(first)) {
		t.Errorf("restored %+v", r)
	}
	if err := store.Delete(ctx, "first"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, "first"); !errors.Is(err, ErrNotFound) {
		t.Errorf("after deleting: %v", err)
	}
	want := "disk.raw disk.undo snapshots.json snapshots.lock snapshots/Second.idx snapshots/Second.raw.gz"
	if got := tree(t, string(dir)); got != want {
		t.Errorf("left are %s", got)
	}
	for _, path := range []string{dir.Rows(), store.file("Second"), store.index("Second"), dir.Disk()} {
		if st, err := os.Stat(path); err != nil || st.Mode() != ondisk.FileMode {
			t.Errorf("%s: %v %v", path, st.Mode(), err)
		}
	}
}

func TestNames(t *testing.T) {
	dir := vmDir(t, []byte("x"))
	create(t, dir, "Größe")
	for name, want := range map[string]error{
		"../x": ondisk.ErrBadName, "": ondisk.ErrBadName, "a b": ondisk.ErrBadName,
		"grÖSSE": ErrExists, "größe": ErrExists, "free": nil,
	} {
		if err := Open(dir).Reserve(name); !errors.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	disk := openDisk(t, dir)
	if _, err := Open(dir).Create(context.Background(), disk, Request{Name: "GRÖßE"}, nil); !errors.Is(err, ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	long := Request{Name: "x", Description: strings.Repeat("x", MaxDescription+1)}
	if _, err := Open(dir).Create(context.Background(), disk, long, nil); !errors.Is(err, ErrBadDescription) {
		t.Errorf("long description: %v", err)
	}
	full := Request{Name: strings.Repeat("n", ondisk.MaxName), Description: strings.Repeat(`"`, MaxDescription), VM: strings.Repeat("v", ondisk.MaxName), Created: time.Now(), Taken: TakenCrashConsistent, Held: time.Hour}
	i, err := Open(dir).Create(context.Background(), disk, full, nil)
	if err != nil || get(t, dir, full.Name) != i.Info || i.Description != full.Description {
		t.Errorf("the longest description: %v", err)
	}
}

func TestCopiedFileIsImported(t *testing.T) {
	disk := content(3, 3*mib)
	from, to := vmDir(t, disk), vmDir(t, []byte("other"))
	made := create(t, from, "configured")
	writeFile(t, Open(to).file("copy"), readFile(t, Open(from).file("configured")))
	i := get(t, to, "copy")
	made.Name, made.State = "copy", StateImported
	if i != made {
		t.Errorf("imported %+v, created %+v", i, made)
	}
	if restore(t, to, "copy"); !bytes.Equal(readFile(t, to.Disk()), disk) {
		t.Error("another disk came back")
	}
	if err := Open(to).Delete(context.Background(), "copy"); err != nil {
		t.Error(err)
	}
}

func TestBrokenItemsAreData(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	store := Open(dir)
	for _, name := range []string{"ok", "gone", "cut", "flipped", "swapped"} {
		create(t, dir, name)
	}
	os.Remove(store.file("gone"))
	whole := readFile(t, store.file("ok"))
	writeFile(t, store.file("cut"), whole[:len(whole)-5])
	flipped := bytes.Clone(whole)
	flipped[40] ^= 1
	writeFile(t, store.file("flipped"), flipped)
	writeFile(t, store.file("swapped"), whole)
	writeFile(t, store.file("text"), []byte("this is no gzip file, whatever its name says"))
	writeFile(t, store.file("empty"), nil)
	writeFile(t, filepath.Join(dir.Snapshots(), "bad name\x1b.raw.gz"), whole)
	if err := os.Mkdir(store.file("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere", store.file("dangling")); err != nil {
		t.Fatal(err)
	}
	list, notes, err := store.List(context.Background())
	if err != nil || len(notes) != 1 || strings.ContainsRune(notes[0], '\x1b') {
		t.Errorf("%q %v", notes, err)
	}
	want := map[string]State{
		"ok": StateOK, "gone": StateMissing, "cut": StateDamaged, "flipped": StateDamaged, "swapped": StateImported,
		"text": StateDamaged, "empty": StateDamaged, "folder": StateDamaged, "dangling": StateDamaged,
	}
	if len(list) != len(want) {
		t.Errorf("%d of %d are listed", len(list), len(want))
	}
	for _, i := range list {
		if i.State != want[i.Name] || (i.Problem == "") != (i.State == StateOK || i.State == StateImported) {
			t.Errorf("%s is %s: %s", i.Name, i.State, i.Problem)
		}
	}
	if i := get(t, dir, "cut"); i.Description != "as cut" || i.DiskSize != 2*mib {
		t.Errorf("the row is not shown: %+v", i)
	}
	before := readFile(t, dir.Disk())
	for name, wantErr := range map[string]error{"gone": ErrMissing, "cut": ErrDamaged, "flipped": ErrDamaged, "text": ErrDamaged, "none": ErrNotFound} {
		if _, err := store.Restore(context.Background(), name, dir.Disk(), nil); !errors.Is(err, wantErr) {
			t.Errorf("restoring %s: %v", name, err)
		}
	}
	if !bytes.Equal(readFile(t, dir.Disk()), before) {
		t.Error("the disk has changed")
	}
	for name := range want {
		if err := store.Delete(context.Background(), name); err != nil {
			t.Errorf("deleting %s: %v", name, err)
		}
	}
}

func TestRowsAreACache(t *testing.T) {
	for name, text := range map[string]string{"torn": `{"version": 1, "snap`, "empty": "", "foreign": `[1,2]`, "no version": `{}`, "text": "hello"} {
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, content(1, mib))
			made := create(t, dir, "a")
			writeFile(t, dir.Rows(), []byte(text))
			list, notes, err := Open(dir).List(context.Background())
			if err != nil || len(list) != 1 || list[0] != made || len(notes) != 1 {
				t.Errorf("%+v %q %v", list, notes, err)
			}
			if got := readFile(t, dir.Rows()+ondisk.AsideInfix+"1"); string(got) != text {
				t.Errorf("kept aside is %q", got)
			}
			if _, notes, _ = Open(dir).List(context.Background()); len(notes) != 0 {
				t.Errorf("the second time: %q", notes)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		dir := vmDir(t, content(1, mib))
		create(t, dir, "a")
		os.Remove(dir.Rows())
		if i := get(t, dir, "a"); i.State != StateImported {
			t.Errorf("%+v", i)
		}
		if restore(t, dir, "a"); get(t, dir, "a").DiskSize != mib {
			t.Error("not restored")
		}
	})
}

func TestNewerRowsAreReadOnly(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "a")
	const newer = `{"version": 2, "snapshots": {}}`
	writeFile(t, dir.Rows(), []byte(newer))
	store, ctx := Open(dir), context.Background()
	list, notes, err := store.List(ctx)
	if err != nil || len(list) != 1 || len(notes) != 1 {
		t.Errorf("%v %q %v", list, notes, err)
	}
	disk := openDisk(t, dir)
	if _, err := store.Create(ctx, disk, Request{Name: "b"}, nil); !errors.Is(err, ErrNewer) {
		t.Errorf("create: %v", err)
	}
	if err := store.Delete(ctx, "a"); !errors.Is(err, ErrNewer) {
		t.Errorf("delete: %v", err)
	}
	if string(readFile(t, dir.Rows())) != newer || get(t, dir, "a").State != StateImported {
		t.Error("something has changed")
	}
}
