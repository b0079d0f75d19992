//go:build unix

package vm

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// childEnvVar is set in a process that runs a single test.
const childEnvVar = "VMTERMINAL_TEST_ALONE"

// isTestProcess reports whether this process runs only the current test. If it does not,
// isTestProcess starts such a process, because a limit on file sizes would affect go test's
// own output.
func isTestProcess(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childEnvVar) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnvVar+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in a separate process: got %v, want no error\n%s", err, out)
	}
	return false
}

// failWrites makes every write to a file by this process fail, as on a full disk, until
// restore is called. Renaming and removing still work.
func failWrites(t *testing.T) (restore func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	none := before
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none); err != nil {
		t.Fatal(err)
	}
	return func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) }
}

// If the list cannot be written, the folders must still match the list.
func TestDeleteWithUnwritableList(t *testing.T) {
	if !isTestProcess(t) {
		return
	}
	s := newStore(t)
	createVM(t, s, "dev")
	restore := failWrites(t)
	err := s.Delete("dev", true, nil)
	restore()
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("Delete: %v, want EFBIG", err)
	}
	createVM(t, s, "other") // calls recoverFolders
	if data, err := os.ReadFile(s.Dir("dev").Disk()); string(data) != "disk of dev" {
		t.Errorf("disk after a failed Delete = %q, %v; want \"disk of dev\"", data, err)
	}
	if e, err := s.Get("dev"); err != nil || e.Broken != nil {
		t.Errorf("Get after a failed Delete: %v, Broken %v; want an intact VM", err, e.Broken)
	}
}

func TestCreateWithUnwritableList(t *testing.T) {
	if !isTestProcess(t) {
		return
	}
	s := newStore(t)
	createVM(t, s, "first")
	var restore func()
	err := s.Create(Defaults("dev"), func(dir home.VMDir) error {
		err := fillWith("disk of dev")(dir)
		restore = failWrites(t)
		return err
	})
	restore()
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("Create: %v, want EFBIG", err)
	}
	if entries, _ := os.ReadDir(s.Home().Data()); len(entries) != 1 {
		t.Errorf("folders: %v, want only first", entries)
	}
	createVM(t, s, "dev")
}

// The ID comes from a file that may have been edited: it must not be used as a path.
func TestDeleteWithHostileID(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	victim := string(s.Home()) + "/victim"
	if err := os.Mkdir(victim, durable.DirMode); err != nil {
		t.Fatal(err)
	}
	err := s.changeList(func(r *rows) error {
		v := Defaults("evil")
		v.ID = "/../../victim"
		r.VMs = append(r.VMs, row{VM: v})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("evil", true, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
}
