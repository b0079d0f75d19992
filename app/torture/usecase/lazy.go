package usecase

import (
	"errors"
	"os"
	"os/exec"

	"vmterminal/app"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/qcow2"
)

// restoreWritten restores a snapshot lazily, with an overlay in which a guest has written. Writes
// to an existing overlay would not be atomic.
func restoreWritten(svc *app.Service, name string) error {
	dir := svc.Home().VM(VM)
	overlay := func(path string, size int64) error {
		err := qcow2.Create(path, size)
		if err == nil {
			err = exec.Command("qemu-io", "-f", "qcow2", "-c", "write -P 0x33 0 64k", "-c", "write -P 0x44 3M 128k", "-c", "write -z 1M 64k", path).Run()
		}
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(durable.SyncFile(f), f.Close())
	}
	_, err := snapshot.Open(app.SnapshotPaths(dir)).RestoreLazily(ctx, name, dir.Disk(), false, overlay, nil)
	return err
}
