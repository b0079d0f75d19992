package guest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/assets/guest"
)

func TestCommandLine(t *testing.T) {
	if line := guest.CommandLine("dev", "0123abcd"); !strings.HasSuffix(line, " vmterminal.hostname=dev vmterminal.id=0123abcd") {
		t.Errorf("%q", line)
	}
	if line := guest.CommandLine("dev", ""); !strings.HasSuffix(line, " vmterminal.hostname=dev") {
		t.Errorf("without an ID: %q", line)
	}
}

func TestKernelFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	path, err := guest.KernelFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil || len(whole) < 1<<20 {
		t.Fatalf("%d bytes, %v", len(whole), err)
	}
	// A file that was cut is written anew, a whole one is left alone.
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	left := ondisk.TempName(path) // by a process that was killed while it wrote
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := guest.KernelFile(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was not whole is left: %v", err)
	}
	before, err := os.Stat(path)
	if err != nil || before.Size() != int64(len(whole)) {
		t.Fatalf("%v, %v", before, err)
	}
	if _, err := guest.KernelFile(dir); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("written without need: %v", err)
	}
}

func TestWriteDisk(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "disk.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := guest.WriteDisk(t.Context(), f, guest.MinSize-1); err == nil {
		t.Error("a disk that is too small was written")
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := guest.WriteDisk(stopped, f, guest.MinSize); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// What the file held must not shine through the holes.
	if _, err := f.WriteAt([]byte("old"), guest.MinSize-3); err != nil {
		t.Fatal(err)
	}
	const size = guest.MinSize + 12345
	if err := guest.WriteDisk(t.Context(), f, size); err != nil {
		t.Fatal(err)
	}
	end := make([]byte, 3)
	if _, err := f.ReadAt(end, guest.MinSize-3); err != nil || string(end) != "\x00\x00\x00" {
		t.Errorf("the end of the image is %q, %v", end, err)
	}
	info, err := f.Stat()
	if err != nil || info.Size() != size {
		t.Errorf("size %v, %v", info, err)
	}
	checkDisk(t, f.Name())
}
