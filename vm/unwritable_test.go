//go:build unix

package vm

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"vmterminal/app/ondisk"
)

// nothingCanBeWritten makes every write to a file fail until the returned
// function is called, as a full disk does; names can still be changed.
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
	again = func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) }
	t.Cleanup(again)
	return again
}

// A list that cannot be written leaves the folders as the list says.
func TestDeleteThatCannotWriteTheList(t *testing.T) {
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
