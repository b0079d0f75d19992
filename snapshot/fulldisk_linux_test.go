package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable"
)

// inNamespace is the environment variable of a test that is rerun in a user namespace, in
// which it may mount.
const inNamespace = "VMTERMINAL_TEST_IN_NAMESPACE"

// smallDir returns the paths of a VM on its own file system of 12 MB. If the test lacks
// permission to mount, smallDir reruns it in a user namespace that allows mounting, and
// returns false.
func smallDir(t *testing.T) (dir Paths, ok bool) {
	t.Helper()
	root := t.TempDir()
	err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=12m")
	if errors.Is(err, unix.EPERM) && os.Getenv(inNamespace) == "" {
		runInNamespace(t)
		return Paths{}, false
	}
	if err != nil {
		t.Fatalf("mounting: got error %v, want no error", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(root, unix.MNT_DETACH) })
	dir = testPaths(root)
	if err := durable.MakeDir(dir.Snapshots); err != nil {
		t.Fatal(err)
	}
	return dir, true
}

func runInNamespace(t *testing.T) {
	t.Helper()
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	again.Env = append(os.Environ(), inNamespace+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("in a user namespace (not needed by root): got %v, want no error\n%s", err, out)
	}
}

func TestFullDisk(t *testing.T) {
	dir, ok := smallDir(t)
	if !ok {
		return // it ran in the namespace
	}
	ctx, store := context.Background(), Open(dir)
	noise := bytes.Repeat(content(1, mib), 3)
	writeFile(t, dir.Disk, noise)
	create(t, dir, "a")
	// The disk and the snapshot use 3 MB each. A file of 5 MB leaves less than 3 MB free.
	filler := dir.Disk + ".filler"
	writeFile(t, filler, make([]byte, 5*mib))
	before := tree(t, filepath.Dir(dir.Disk))
	var full *NoSpace
	_, err := store.Create(ctx, openDisk(t, dir), Request{Name: "b"}, nil)
	if !errors.As(err, &full) || !strings.Contains(err.Error(), "free") {
		t.Errorf("create: got error %v, want %q in it", err, "free")
	}
	_, err = store.Restore(ctx, "a", dir.Disk, nil)
	if !errors.As(err, &full) || full.Needed < 3*mib || full.Free > 3*mib {
		t.Errorf("restore: got error %v, want a *NoSpace that needs 3 MiB", err)
	}
	for _, size := range []int64{-1, 3 * mib} {
		full = nil
		_, err = store.Import(ctx, endless(gzipped(t, content(2, mib))), "b", size, nil)
		if !errors.As(err, &full) || full.Kept == 0 {
			t.Errorf("import (size %d): got error %v, want a *NoSpace with nonzero Kept", size, err)
		}
	}
	for _, err := range []error{
		store.ExportFile(ctx, "a", filepath.Dir(dir.Disk)+"/out.gz", nil),
		func() error { _, err := store.Extract(ctx, "a", filepath.Dir(dir.Disk)+"/new.raw", nil); return err }(),
	} {
		if !errors.As(err, &full) || full.Needed < 3*mib || full.Kept == 0 || !strings.Contains(err.Error(), "reserved for running VMs") {
			t.Errorf("export or extract: got error %v, want %q in it", err, "reserved for running VMs")
		}
	}
	// The size of the disk is not known in advance, and it does not fit.
	writeFile(t, store.filePath("f"), gzipped(t, make([]byte, 9*mib)))
	appendGzip(t, store.filePath("f"), content(5, mib), 9)
	_, err = store.Restore(ctx, "f", dir.Disk, nil)
	if !errors.As(err, &full) || full.Needed != 0 || full.Kept == 0 || full.Free < full.Kept/2 || !strings.Contains(err.Error(), "an unknown amount needed") {
		t.Errorf("restore of an unknown size: got error %v, want %q in it", err, "an unknown amount needed")
	}
	os.Remove(store.filePath("f"))
	if err = store.Describe(ctx, "a", strings.Repeat("x", MaxDescription)); !errors.As(err, &full) {
		t.Errorf("description that needs a new file: got error %v, want ErrNoSpace", err)
	}
	if err = store.Describe(ctx, "a", "short"); err != nil {
		t.Errorf("description that fits: got error %v, want no error", err)
	}
	if got := tree(t, filepath.Dir(dir.Disk)); got != before || !bytes.Equal(readFile(t, dir.Disk), noise) {
		t.Errorf("got the files %s, want no change", got)
	}
	// Simulate an interrupted header change, which must not prevent deletion.
	head := readFile(t, store.filePath("a"))[:4096]
	writeFile(t, store.headerPath("a"), head)
	// Deleting works even on a completely full disk.
	fillDisk(t, filler)
	if err := store.Delete(ctx, "a"); err != nil {
		t.Errorf("delete on a full disk: got error %v, want no error", err)
	}
	if list, _, err := store.List(ctx); err != nil || len(list) != 0 {
		t.Errorf("after deleting: got %v %v, want none", list, err)
	}
}

// fillDisk appends to the file until its file system is full.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk ended with %v, want %v", err, unix.ENOSPC)
	}
}

// appendGzip appends members to a gzip file. Each repeats its own 4 KiB of content, so that
// it compresses well.
func appendGzip(t *testing.T, path string, content []byte, times int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := range times {
		if _, err := f.Write(gzipped(t, bytes.Repeat(content[at*4096:][:4096], 256))); err != nil {
			t.Fatal(err)
		}
	}
}

// endless returns a gzip file that is member four times.
func endless(member []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(member), bytes.NewReader(member), bytes.NewReader(member), bytes.NewReader(member))
}
