package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestUndo(t *testing.T) {
	first, second := content(1, 3*mib), content(2, 2*mib)
	dir := vmDir(t, first)
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	for what, err := range map[string]error{
		"undo":    func() error { _, err := store.Undo(ctx, dir.Disk()); return err }(),
		"discard": func() error { _, err := store.DiscardUndo(ctx); return err }(),
		"info":    func() error { _, _, _, err := store.UndoInfo(); return err }(),
	} {
		if !errors.Is(err, ErrNoUndo) {
			t.Errorf("%s of nothing: %v", what, err)
		}
	}
	writeFile(t, dir.Disk(), second)
	restore(t, dir, "a")
	size, used, at, err := store.UndoInfo()
	if err != nil || size != 2*mib || used < mib || time.Since(at) > time.Minute || time.Since(at) < -time.Minute {
		t.Errorf("%d %d %v %v", size, used, at, err)
	}
	before := tree(t, string(dir))
	for _, now := range [][]byte{second, first, second} {
		u, err := store.Undo(ctx, dir.Disk())
		if err != nil || u.NewSize != int64(len(now)) || u.OldSize != int64(5*mib-len(now)) || u.Undo != dir.Undo() {
			t.Errorf("%+v %v", u, err)
		}
		if !bytes.Equal(readFile(t, dir.Disk()), now) || tree(t, string(dir)) != before {
			t.Errorf("another disk, or left are %s", tree(t, string(dir)))
		}
	}
	if !bytes.Equal(readFile(t, dir.Undo()), first) {
		t.Error("the disk before is not kept")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := store.Undo(ended, dir.Disk()); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if freed, err := store.DiscardUndo(ctx); err != nil || freed < mib {
		t.Errorf("freed %d, %v", freed, err)
	}
	if _, err := os.Lstat(dir.Undo()); err == nil {
		t.Error("the undo is left")
	}
}
