package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestUndo(t *testing.T) {
	first, second := content(1, 3*mib), content(2, 2*mib)
	dir := vmDir(t, first)
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	for what, err := range map[string]error{
		"undo":    func() error { _, err := store.Undo(ctx, dir.Disk); return err }(),
		"discard": func() error { _, err := store.DiscardUndo(ctx); return err }(),
		"info":    func() error { _, _, _, err := store.UndoInfo(); return err }(),
	} {
		if !errors.Is(err, ErrNoUndo) {
			t.Errorf("%s without an undo disk: got error %v, want error %v", what, err, ErrNoUndo)
		}
	}
	writeFile(t, dir.Disk, second)
	restore(t, dir, "a")
	size, used, at, err := store.UndoInfo()
	if err != nil || size != 2*mib || used < mib || time.Since(at) > time.Minute || time.Since(at) < -time.Minute {
		t.Errorf("UndoInfo: got %d %d %v %v, want %v", size, used, at, err, 2*mib)
	}
	before := tree(t, filepath.Dir(dir.Disk))
	for _, now := range [][]byte{second, first, second} {
		u, err := store.Undo(ctx, dir.Disk)
		if err != nil || u.NewSize != int64(len(now)) || u.OldSize != int64(5*mib-len(now)) || u.Undo != dir.Undo {
			t.Errorf("Undo: got %+v %v, want NewSize %v, OldSize %v, Undo %v", u, err, int64(len(now)), int64(5*mib-len(now)), dir.Undo)
		}
		if !bytes.Equal(readFile(t, dir.Disk), now) || tree(t, filepath.Dir(dir.Disk)) != before {
			t.Errorf("got a different disk, or files %s; want files %v", tree(t, filepath.Dir(dir.Disk)), before)
		}
	}
	if !bytes.Equal(readFile(t, dir.Undo), first) {
		t.Error("got another undo disk, want the previous disk")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := store.Undo(ended, dir.Disk); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled context: got error %v, want error %v", err, context.Canceled)
	}
	if freed, err := store.DiscardUndo(ctx); err != nil || freed < mib {
		t.Errorf("got %d freed bytes, %v; want at least 1 MiB", freed, err)
	}
	if _, err := os.Lstat(dir.Undo); err == nil {
		t.Error("got an undo disk after DiscardUndo, want none")
	}
}
