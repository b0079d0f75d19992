package image

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onXFS returns a folder on an XFS in a file of its own.
func onXFS(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, root := filepath.Join(dir, "image"), filepath.Join(dir, "root")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"truncate", "-s", "320M", file}, {"mkdir", root}, {"mkfs.xfs", "-q", file}, {"mount", "-o", "loop", file, root},
	} {
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		switch {
		case err != nil && os.Getenv("CI") == "":
			t.Skipf("%v: %v (root can)\n%s", command, err, out)
		case err != nil:
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", root).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return root
}

func TestDisksOfOneImageShareItsBlocks(t *testing.T) {
	dir := onXFS(t)
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
		t.Errorf("the copy differs: %v", err)
	}
	out, err := exec.Command("filefrag", "-v", disk.Name()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "shared") {
		t.Errorf("no block is shared: %v\n%s", err, out)
	}
	small, err := os.Create(filepath.Join(dir, "small.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if err := Copy(t.Context(), small, from, Options{MaxSize: 1 << 20}); err == nil {
		t.Error("a copy larger than is wanted was made")
	}
}
