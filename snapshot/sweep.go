package snapshot

import (
	"errors"
	"os"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// Sweep removes what an operation that was killed has left of snapshots and
// disks. The caller holds the job lock.
func (s *Store) Sweep() error {
	disk, err := diskfile.Resolve(s.dir.Disk())
	if err != nil {
		disk = s.dir.Disk()
	}
	if err := errors.Join(diskfile.Sweep(disk, s.dir.Undo()), ondisk.SweepTemps(s.dir.Snapshots())); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir.Snapshots())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ondisk.IndexSuffix)
		if !ok {
			continue
		}
		if _, err := os.Lstat(s.file(name)); errors.Is(err, os.ErrNotExist) {
			os.Remove(s.index(name))
		}
	}
	return nil
}
