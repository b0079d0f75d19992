package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/ondisk"
)

// smallDir is a VM's folder on a file system of 12 MB of its own.
func smallDir(t *testing.T) ondisk.VMDir {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("only root may mount; what a full disk does is not looked at")
		return ""
	}
	root := t.TempDir()
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=12m"); err != nil {
		t.Logf("no mounting here (%v); what a full disk does is not looked at", err)
		return ""
	}
	t.Cleanup(func() { _ = unix.Unmount(root, unix.MNT_DETACH) })
	dir := ondisk.VMDir(root)
	if err := ondisk.MakeDir(dir.Snapshots()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFullDisk(t *testing.T) {
	dir := smallDir(t)
	if dir == "" {
		return
	}
	ctx, store := context.Background(), Open(dir)
	noise := bytes.Repeat(content(1, mib), 3)
	writeFile(t, dir.Disk(), noise)
	create(t, dir, "a")
	// 3 MB of disk and 3 of snapshot are there; 5 more do not leave room for 3.
	filler := dir.Disk() + ".filler"
	writeFile(t, filler, make([]byte, 5*mib))
	before := tree(t, string(dir))
	var full *NoSpace
	_, err := store.Create(ctx, openDisk(t, dir), Request{Name: "b"}, nil)
	if !errors.As(err, &full) || !strings.Contains(err.Error(), "free") {
		t.Errorf("create: %v", err)
	}
	_, err = store.Restore(ctx, "a", dir.Disk(), nil)
	if !errors.As(err, &full) || full.Needed < 3*mib || full.Free > 3*mib {
		t.Errorf("restore: %v", err)
	}
	if got := tree(t, string(dir)); got != before || !bytes.Equal(readFile(t, dir.Disk()), noise) {
		t.Errorf("left are %s", got)
	}
	// Deleting makes room even where there is none at all.
	if f, err := os.OpenFile(filler, os.O_WRONLY|os.O_APPEND, 0); err == nil {
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		f.Close()
	}
	if err := store.Delete(ctx, "a"); err != nil {
		t.Errorf("delete on a full disk: %v", err)
	}
	if list, _, err := store.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("after deleting: %v %v", list, err)
	}
}
