package client

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// TestOtherUsersVM inspects a VM of root as another user, who must not see it as stopped
// or without a supervisor.
func TestOtherUsersVM(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	dir := home.VMDir(t.TempDir())
	for _, path := range []string{string(dir), string(dir) + "/.."} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := durable.TryLock(dir.Lock(), durable.Activity{Code: ActivityRun})
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.ReplaceJSON(dir.Supervisor(), RunRecord{Version: RecordVersion}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		mode os.FileMode // of the lock
		held bool
		want error
	}{
		{"a lock that cannot be read", 0o600, true, ErrOtherUser},
		{"a held lock and an unreadable state", 0o644, true, ErrOtherUser},
		{"a free lock and an unreadable state", 0o644, false, ErrNotRunning},
	} {
		if err := os.Chmod(dir.Lock(), c.mode); err != nil {
			t.Fatal(err)
		}
		if !c.held {
			lock.Close()
		}
		if err := asNobody(func() error { _, err := FindOrphan(dir); return err }); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.what, err, c.want)
		}
	}
}

// asNobody calls f with the file access rights of another user.
func asNobody(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, _ = unix.SetfsuidRetUid(65534)
	defer func() { _, _ = unix.SetfsuidRetUid(0) }()
	return f()
}
