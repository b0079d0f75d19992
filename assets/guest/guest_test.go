package guest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/assets/guest"
	"vmterminal/snapshot/durable"
)

func TestCommandLine(t *testing.T) {
	if line := guest.CommandLine("dev", "0123abcd"); !strings.HasSuffix(line, " vmterminal.hostname=dev vmterminal.id=0123abcd") {
		t.Errorf("command line: got %q, want the hostname and the ID at its end", line)
	}
	if line := guest.CommandLine("dev", ""); !strings.HasSuffix(line, " vmterminal.hostname=dev") {
		t.Errorf("command line without an ID: got %q, want the hostname at its end", line)
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
		t.Fatalf("kernel: got %d bytes, %v; want at least 1 MiB", len(whole), err)
	}
	// A truncated file is written again, a complete one is not.
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	left := durable.TempName(path) // as left by a process that was killed while writing
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := guest.KernelFile(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file still exists: %v", err)
	}
	before, err := os.Stat(path)
	if err != nil || before.Size() != int64(len(whole)) {
		t.Fatalf("truncated kernel: got %v, %v; want it complete again", before, err)
	}
	if _, err := guest.KernelFile(dir); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("a complete file was replaced: %v", err)
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
		t.Errorf("canceled: got %v, want %v", err, context.Canceled)
	}
	// The holes must not contain the file's old data.
	if _, err := f.WriteAt([]byte("old"), guest.MinSize-3); err != nil {
		t.Fatal(err)
	}
	const size = guest.MinSize + 12345
	if err := guest.WriteDisk(t.Context(), f, size); err != nil {
		t.Fatal(err)
	}
	end := make([]byte, 3)
	if _, err := f.ReadAt(end, guest.MinSize-3); err != nil || string(end) != "\x00\x00\x00" {
		t.Errorf("the end of the image: got %q, %v; want zeros", end, err)
	}
	info, err := f.Stat()
	if err != nil || info.Size() != size {
		t.Errorf("disk: got %v, %v; want the requested size", info, err)
	}
	checkDisk(t, f.Name())
}
