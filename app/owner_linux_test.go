package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// Another user sees that a VM of root is running.
func TestVMOfAnotherUserRuns(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	s := serviceWithDisk(t, []byte("disk"))
	dir := s.vms.Dir("dev")
	err := filepath.WalkDir(filepath.Dir(string(s.opt.Home)), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	})
	if err != nil {
		t.Fatal(err)
	}
	lock, err := durable.TryLock(dir.Lock(), durable.Activity{Code: client.ActivityRun})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := os.Chmod(dir.Lock(), durable.FileMode); err != nil {
		t.Fatal(err)
	}

	runtime.LockOSThread()
	_, _ = unix.SetfsuidRetUid(65534)
	v, err := s.VM(t.Context(), "dev")
	_, _ = unix.SetfsuidRetUid(0)
	runtime.UnlockOSThread()
	if err != nil || v.State != Running || v.Problem.Code != problem.VMOfOtherUser {
		t.Errorf("got state %s, problem %v, error %v, want a running VM that cannot be reached", v.State, v.Problem, err)
	}
}
