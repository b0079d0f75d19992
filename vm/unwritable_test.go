//go:build unix

package vm

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"vmterminal/app/ondisk"
)

// alone says to the test's own process that it runs a test alone.
const alone = "VMTERMINAL_TEST_ALONE"

// inOwnProcess runs the test again in a process of its own, and tells whether
// this is it: a limit would hinder what go test writes itself.
func inOwnProcess(t *testing.T) bool {
	t.Helper()
	if os.Getenv(alone) != "" {
		return true
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	again.Env = append(os.Environ(), alone+"=1")
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
	return false
}

// nothingCanBeWritten makes every write to a file of this process fail until
// the returned function is called, as a full disk does; names can still be
// changed.
func nothingCanBeWritten(t *testing.T) (again func()) {
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

// A list that cannot be written leaves the folders as the list says.
func TestDeleteThatCannotWriteTheList(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	s := newStore(t)
	create(t, s, "dev")
	again := nothingCanBeWritten(t)
	err := s.Delete("dev", true)
	again()
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("Delete: %v", err)
	}
	create(t, s, "other") // sweeps
	if data, err := os.ReadFile(s.Dir("dev").Disk()); string(data) != "disk of dev" {
		t.Errorf("the disk after a delete that failed: %q, %v", data, err)
	}
	if e, err := s.Get("dev"); err != nil || e.Broken != nil {
		t.Errorf("after a delete that failed: %v, %v", err, e.Broken)
	}
}

func TestCreateThatCannotWriteTheList(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	s := newStore(t)
	create(t, s, "first")
	var again func()
	err := s.Create(Defaults("dev"), func(dir ondisk.VMDir) error {
		err := fillWith("disk of dev")(dir)
		again = nothingCanBeWritten(t)
		return err
	})
	again()
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("Create: %v", err)
	}
	if entries, _ := os.ReadDir(s.Home().Data()); len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
	create(t, s, "dev")
}

// The ID comes from a file that anyone may have written: it is no path.
func TestDeleteOfAHostileID(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	victim := string(s.Home()) + "/victim"
	if err := os.Mkdir(victim, ondisk.DirMode); err != nil {
		t.Fatal(err)
	}
	err := s.change(func(r *rows) error {
		v := Defaults("evil")
		v.ID = "/../../victim"
		r.VMs = append(r.VMs, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("evil", true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
}
