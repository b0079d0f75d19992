package debian

import (
	"os"
	"path/filepath"
	"testing"
)

// What mmdebstrap mounts goes with it, also when nothing can clean up any more.
func TestMountsAreTheBuildsOwn(t *testing.T) {
	if !isRoot() {
		t.Skip("root's builds mount")
	}
	dir := t.TempDir()
	mounted, seen := filepath.Join(dir, "mounted"), filepath.Join(dir, "seen")
	script := "#!/bin/sh\nset -e\nmkdir " + mounted + "\nmount -t tmpfs none " + mounted + "\ngrep " + mounted + " /proc/self/mounts >" + seen + "\nkill -9 $$\n"
	if err := os.WriteFile(filepath.Join(dir, "mmdebstrap"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	b := build{release: "bookworm"}
	if err := b.bootstrap(t.Context(), dir, filepath.Join(dir, "root.tar"), &noted{}); err == nil {
		t.Error("what was killed is taken for done")
	}
	if text, err := os.ReadFile(seen); err != nil || len(text) == 0 {
		t.Fatalf("nothing was mounted: %q, %v", text, err)
	}
	// Nothing is mounted on it here: it can go.
	if err := os.Remove(mounted); err != nil {
		t.Error(err)
	}
}
