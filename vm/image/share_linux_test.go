package image

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot/durable/mounttest"
)

func TestDisksFromOneImageShareItsBlocks(t *testing.T) {
	dir := mounttest.Dir(t, "xfs", 320)
	content := bytes.Repeat([]byte("block by block "), 1<<20)
	from, err := os.Create(filepath.Join(dir, "image.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := from.Write(content); err != nil {
		t.Fatal(err)
	}
	disk, err := os.Create(filepath.Join(dir, "disk.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if err := Copy(t.Context(), disk, from, Options{}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(disk.Name()); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the copy differs from the image, or error %v", err)
	}
	out, err := exec.Command("filefrag", "-v", disk.Name()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "shared") {
		t.Errorf("got no shared blocks, want some; error %v\n%s", err, out)
	}
	small, err := os.Create(filepath.Join(dir, "small.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if err := Copy(t.Context(), small, from, Options{MaxSize: 1 << 20}); err == nil {
		t.Error("Copy of an image larger than MaxSize: got no error, want one")
	}
}
