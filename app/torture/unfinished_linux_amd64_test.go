package torture

import (
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// withUnfinishedFiles creates the files of an unfinished job and of an unfinished VM, and holds their locks
// while the body runs. left counts the files that still exist.
func withUnfinishedFiles(t *testing.T, root, vm string, body func(left func() int)) {
	t.Helper()
	dir, fresh := home.Dir(root).VM(vm), home.VMDir(filepath.Join(home.Dir(root).Data(), ".new-0123456789abcdef"))
	if err := durable.MakeDir(fresh.Snapshots()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir.JobLock(), fresh.Lock()} {
		lock, err := durable.TryLock(path, durable.Activity{Code: "testing"})
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
	}
	files := []string{
		durable.TempName(snapshot.File(dir.Snapshots(), "half")), durable.TempName(dir.Disk()),
		durable.TempName(dir.Origin()), durable.TempName(fresh.Disk()),
	}
	for _, path := range files {
		if err := os.WriteFile(path, []byte("half"), durable.FileMode); err != nil {
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
