package supervisor

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// The API answers only its own user and root, even if the folders and the socket are
// accessible to all users.
func TestSocketRefusesOtherUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	m, _, _ := newMachineWithoutQEMU(t)
	socket := client.APISocket(m.sockets)
	for dir := filepath.Dir(socket); dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(socket, 0o777); err != nil {
		t.Fatal(err)
	}
	program := publicCopy(t)
	stateAs := func(uid uint32) string {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Dir = "/"
		cmd.Env = []string{envStateSocket + "=" + socket}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("uid %d: got error %v, want no error: %s", uid, err, out)
		}
		return string(out)
	}
	if got := stateAs(0); !strings.Contains(got, `"name":"dev"`) {
		t.Errorf("root: got %q, want the state", got)
	}
	if got := stateAs(65534); got != "" {
		t.Errorf("another user: got %q, want nothing", got)
	}
}

// publicCopy returns a copy of the test binary that every user can run.
func publicCopy(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "vmt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	path := filepath.Join(dir, "asks")
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, durable.FileMode)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Chmod(0o755); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil { // a file that is open for writing cannot be executed
		t.Fatal(err)
	}
	return path
}
