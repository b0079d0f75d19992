package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// deepRunDir returns a folder in a store whose path is too long for sockets, and sets
// XDG_RUNTIME_DIR to runtimeDir.
func deepRunDir(t *testing.T) (runDir string, vm home.VMDir, runtimeDir string) {
	t.Helper()
	runtimeDir, err := os.MkdirTemp("", "vmt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runtimeDir) })
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir)
	root := home.Dir(filepath.Join(t.TempDir(), strings.Repeat("x", 100)))
	if err := durable.MakeDir(root.Run()); err != nil {
		t.Fatal(err)
	}
	return root.Run(), root.VM("dev"), runtimeDir
}

func TestSocketsOutsideTheStore(t *testing.T) {
	runDir, dir, runtimeDir := deepRunDir(t)
	s, err := createSocketDir(runDir, dir)
	if want := filepath.Join(runtimeDir, "vmterminal", client.SocketName(dir)); err != nil || string(s) != want {
		t.Fatalf("createSocketDir: got %s, %v; want %s", s, err, want)
	}
	for _, path := range []string{filepath.Dir(string(s)), string(s)} {
		if err := client.CheckPrivate(path); err != nil {
			t.Error(err)
		}
	}
	if found := client.SocketDirs(runDir, dir); len(found) < 2 || found[1] != s {
		t.Errorf("socketDirs: got %v, want the created folder as second entry", found)
	}
	if got, err := client.FindRunDir(runDir, true); got != filepath.Dir(string(s)) || err != nil {
		t.Errorf("FindRunDir: got %s, %v; want the parent of the created folder", got, err)
	}
	if err := removeSockets(s); err != nil {
		t.Error(err)
	}
	if other := client.SocketName(dir + "2"); other == client.SocketName(dir) {
		t.Error("two VMs have the same folder for their sockets")
	}
}

// TestSocketDirRejectsSharedFolders checks that folders that other users could change are
// neither used nor searched.
func TestSocketDirRejectsSharedFolders(t *testing.T) {
	runDir, dir, runtimeDir := deepRunDir(t)
	ours := filepath.Join(runtimeDir, "vmterminal")
	for what, spoil := range map[string]func(t *testing.T) error{
		"open to others":        func(*testing.T) error { return errors.Join(os.Mkdir(ours, 0o700), os.Chmod(ours, 0o770)) },
		"a link":                func(*testing.T) error { return os.Symlink(t.TempDir(), ours) },
		"of another user":       func(*testing.T) error { return errors.Join(os.Mkdir(ours, 0o700), os.Chown(ours, 65534, 65534)) },
		"runtime dir is open":   func(*testing.T) error { return os.Chmod(runtimeDir, 0o755) },
		"runtime dir has no /":  func(t *testing.T) error { t.Setenv("XDG_RUNTIME_DIR", filepath.Base(runtimeDir)); return nil },
		"runtime dir is absent": func(t *testing.T) error { t.Setenv("XDG_RUNTIME_DIR", runtimeDir+"/absent"); return nil },
	} {
		t.Run(what, func(t *testing.T) {
			if what == "of another user" && os.Geteuid() != 0 {
				t.Skip("only root can give folders to other users")
			}
			t.Setenv("XDG_RUNTIME_DIR", runtimeDir)
			if err := spoil(t); err != nil {
				t.Fatal(err)
			}
			s, err := createSocketDir(runDir, dir)
			if strings.HasPrefix(string(s), runtimeDir) || err != nil {
				t.Errorf("createSocketDir: got %s, %v; want a folder elsewhere", s, err)
			}
			for _, found := range client.SocketDirs(runDir, dir) {
				if strings.HasPrefix(string(found), runtimeDir) {
					t.Errorf("socketDirs returned the unsafe folder %s", found)
				}
			}
			if s != "" {
				if err := removeSockets(s); err != nil {
					t.Error(err)
				}
			}
			_ = os.Chmod(runtimeDir, 0o700)
			_ = os.Remove(ours)
		})
	}
	if err := os.Mkdir(ours, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := client.CheckPrivate(ours); !errors.Is(err, client.ErrSocketDir) {
		t.Errorf("open to others: got error %v, want error %v", err, client.ErrSocketDir)
	}
	if err := checkSocketDir(qemu.Sockets(runDir)); !errors.Is(err, qemu.ErrPathTooLong) {
		t.Errorf("long path: got error %v, want error %v", err, qemu.ErrPathTooLong)
	}
}

// TestConnectWithAnotherRuntimeDir connects to a VM that was started by a process with
// another XDG_RUNTIME_DIR, such as a cron job or another login session.
func TestConnectWithAnotherRuntimeDir(t *testing.T) {
	v := newVM(t)
	v.spec.RunDir, _, _ = deepRunDir(t)
	m := v.prepareMachine()
	dir := v.spec.Dir
	if err := durable.ReplaceJSON(dir.Supervisor(), client.RunRecord{Version: client.RecordVersion, Sockets: string(m.sockets)}); err != nil {
		t.Fatal(err)
	}
	for _, runtimeDir := range []string{os.Getenv("XDG_RUNTIME_DIR"), ""} {
		t.Setenv("XDG_RUNTIME_DIR", runtimeDir)
		if _, err := client.Connect(t.Context(), dir, v.spec.RunDir, nil); err != nil {
			t.Errorf("connect with XDG_RUNTIME_DIR=%s: %v", runtimeDir, err)
		}
	}
	// The folder in a stale record may belong to another user by now.
	if err := os.Chmod(filepath.Dir(string(m.sockets)), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Connect(t.Context(), dir, v.spec.RunDir, nil); !errors.Is(err, client.ErrNotAnswering) {
		t.Errorf("a socket in a folder that other users can access: got error %v, want error %v", err, client.ErrNotAnswering)
	}
}
