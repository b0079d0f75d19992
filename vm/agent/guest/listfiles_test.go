//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/vm/agent/wire"
)

func TestListFiles(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "dir/sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "dir/a\nb"), []byte("12345"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := listFiles(&out, []string{root}); err != nil {
		t.Fatal(err)
	}
	found := map[string]wire.FileEntry{}
	if err := wire.ReadFileList(&out, func(f wire.FileEntry) { found[f.Path] = f }); err != nil {
		t.Fatal(err)
	}
	file := found[filepath.Join(root, "dir/a\nb")]
	if len(found) != 5 || file.Size != 5 || file.Mode != 0o100640 || file.Changed == 0 {
		t.Errorf("got %d files, one of them %+v; want 5, Size 5, Mode 0o100640", len(found), file)
	}
	// Other file systems are skipped.
	out.Reset()
	if err := listFiles(&out, []string{"/dev"}); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out.Bytes(), []byte("/dev/pts/")) {
		t.Error("the list contains files of /dev/pts")
	}
}
