package debian

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// File systems that mmdebstrap mounted disappear when it exits, even if it is killed.
func TestMountsArePrivateToTheBuild(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root's builds mount")
	}
	if !useOwnMountNamespace(&exec.Cmd{SysProcAttr: &syscall.SysProcAttr{}}) {
		t.Skip("no mount namespace with private mounts here: the root is not a mount point, or the right to make one is missing")
	}
	dir := t.TempDir()
	mounted, seen := filepath.Join(dir, "mounted"), filepath.Join(dir, "seen")
	script := "#!/bin/sh\nset -e\nmkdir " + mounted + "\nmount -t tmpfs none " + mounted + "\ngrep " + mounted + " /proc/self/mounts >" + seen + "\nkill -9 $$\n"
	if err := os.WriteFile(filepath.Join(dir, "mmdebstrap"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	b := build{release: "bookworm"}
	if err := b.bootstrap(t.Context(), dir, filepath.Join(dir, "root.tar"), &phaseRecorder{}); err == nil {
		t.Error("bootstrap: got no error after its process was killed, want one")
	}
	if text, err := os.ReadFile(seen); err != nil || len(text) == 0 {
		t.Fatalf("got mounts %q, error %v; want at least one", text, err)
	}
	// Nothing is mounted on the folder in this namespace, so it can be removed.
	if err := os.Remove(mounted); err != nil {
		t.Error(err)
	}
}
