// Package mounttest gives tests file systems of their own.
package mounttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Dir is the root of a new, empty file system of that kind ("xfs", "btrfs") and
// size in a file of its own, until the test ends. It needs root, loop devices, and the
// tools of the file system; a machine without skips the test, but fails it where
// CI is set, as all is to be tested there.
func Dir(t *testing.T, kind string, megabytes int) string {
	t.Helper()
	cannot := t.Skipf
	if os.Getenv("CI") != "" {
		cannot = t.Fatalf
	}
	if os.Getuid() != 0 {
		cannot("only root may mount: run the tests as root")
	}
	image, root := filepath.Join(t.TempDir(), "image"), t.TempDir()
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, int64(megabytes)<<20); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"mkfs." + kind, "-q", image}, {"mount", "-o", "loop", image, root}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			cannot("%v: %v\n%s", command, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", root).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return root
}
