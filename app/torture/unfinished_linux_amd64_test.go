package torture

import (
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
)

// unfinished puts files there as a job on a VM, and the making of another VM, have
// them while they go on, and holds their locks while the body runs. left counts
// those that are still there.
func unfinished(t *testing.T, home, vm string, body func(left func() int)) {
	t.Helper()
	dir, fresh := ondisk.Home(home).VM(vm), ondisk.VMDir(filepath.Join(ondisk.Home(home).Data(), ".new-0123456789abcdef"))
	if err := ondisk.MakeDir(fresh.Snapshots()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir.JobLock(), fresh.Lock()} {
		lock, err := ondisk.TryLock(path, "being tested")
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
	}
	files := []string{
		ondisk.TempName(ondisk.SnapshotFile(dir.Snapshots(), "half")), ondisk.TempName(dir.Disk()),
		ondisk.TempName(dir.Origin()), ondisk.TempName(fresh.Disk()),
	}
	for _, path := range files {
		if err := os.WriteFile(path, []byte("half"), ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	body(func() (n int) {
		for _, path := range files {
			if _, err := os.Lstat(path); err == nil {
				n++
			}
		}
		return n
	})
}
