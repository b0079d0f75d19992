package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/ondisk"
)

// inNamespace says to the test's own process that it runs in a user namespace,
// where it may mount.
const inNamespace = "VMTERMINAL_TEST_IN_NAMESPACE"

// smallDir is a VM's folder on a file system of 12 MB of its own. Without the
// right to mount, the test runs again in a user namespace that has it, and
// smallDir is "".
func smallDir(t *testing.T) ondisk.VMDir {
	t.Helper()
	root := t.TempDir()
	err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=12m")
	if errors.Is(err, unix.EPERM) && os.Getenv(inNamespace) == "" {
		runInNamespace(t)
		return ""
	}
	if err != nil {
		t.Fatalf("what a full disk does cannot be looked at: mounting: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(root, unix.MNT_DETACH) })
	dir := ondisk.VMDir(root)
	if err := ondisk.MakeDir(dir.Snapshots()); err != nil {
		t.Fatal(err)
	}
	return dir
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
		t.Fatalf("in a user namespace (as root it needs none): %v\n%s", err, out)
	}
}

func TestFullDisk(t *testing.T) {
	dir := smallDir(t)
	if dir == "" {
		return // it ran in the namespace
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
	for _, size := range []int64{-1, 3 * mib} {
		full = nil
		_, err = store.Import(ctx, endless(gzipped(t, content(2, mib))), "b", size, nil)
		if !errors.As(err, &full) || full.Kept == 0 {
			t.Errorf("import of %d bytes: %v", size, err)
		}
	}
	for _, err := range []error{
		store.ExportFile(ctx, "a", string(dir)+"/out.gz", nil),
		func() error { _, err := store.Extract(ctx, "a", string(dir)+"/new.raw", nil); return err }(),
	} {
		if !errors.As(err, &full) || full.Needed < 3*mib || full.Kept == 0 || !strings.Contains(err.Error(), "kept free") {
			t.Errorf("a file beside: %v", err)
		}
	}
	// What it unpacks to does not show before, and would not fit.
	writeFile(t, store.file("f"), gzipped(t, make([]byte, 9*mib)))
	appendGzip(t, store.file("f"), content(5, mib), 9)
	_, err = store.Restore(ctx, "f", dir.Disk(), nil)
	if !errors.As(err, &full) || full.Needed != 0 || full.Kept == 0 || full.Free < full.Kept/2 || !strings.Contains(err.Error(), "how much is needed is not known") {
		t.Errorf("restore of an unknown size: %v", err)
	}
	os.Remove(store.file("f"))
	if err = store.Describe(ctx, "a", strings.Repeat("x", MaxDescription)); !errors.As(err, &full) {
		t.Errorf("a description that needs a new file: %v", err)
	}
	if err = store.Describe(ctx, "a", "short"); err != nil {
		t.Errorf("one that does not: %v", err)
	}
	if got := tree(t, string(dir)); got != before || !bytes.Equal(readFile(t, dir.Disk()), noise) {
		t.Errorf("left are %s", got)
	}
	// A change of a header that was cut off does not stand in the way either.
	head := readFile(t, store.file("a"))[:4096]
	writeFile(t, store.header("a"), head)
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

// appendGzip adds members that each unpack to the content repeated: noise that
// takes little room as long as it is packed.
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

// endless is a gzip file of ever more members.
func endless(member []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(member), bytes.NewReader(member), bytes.NewReader(member), bytes.NewReader(member))
}
