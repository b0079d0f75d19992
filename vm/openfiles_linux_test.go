package vm

import (
	"errors"
	"os"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/home"
)

// On NFS and FUSE, the names of open files remain, so that a folder with an open lock file
// cannot be removed.
func TestDeleteWithOpenLockOnFUSE(t *testing.T) {
	s := OpenStore(home.Dir(mounttest.LimitedDir(t) + "/home"))
	for _, unlocks := range []bool{true, false} {
		createVM(t, s, "dev")
		lock, err := durable.TryLock(s.Dir("dev").Lock(), durable.Activity{Code: "vm_delete"})
		if err != nil {
			t.Fatal(err)
		}
		if unlocks {
			if err := s.Delete("dev", true, func() { lock.Close() }); err != nil {
				t.Error(err)
			}
			if left, err := os.ReadDir(s.Home().Data()); err != nil || len(left) != 0 {
				t.Errorf("remaining folders: %v, %v; want none", left, err)
			}
			continue
		}
		if err := s.Delete("dev", true, nil); !errors.Is(err, ErrFilesRemain) {
			t.Errorf("Delete with an open lock: %v, want ErrFilesRemain", err)
		}
		lock.Close()
	}
}
