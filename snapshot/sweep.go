package snapshot

import (
	"errors"
	"os"
	"strings"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

// Sweep removes the temporary files of interrupted operations. The caller must hold the job
// lock. If the error is an *UndoNotPlaced, everything except the undo disk has been cleaned
// up, and operations that do not need the undo disk can continue.
func (s *Store) Sweep() error {
	disk, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		disk = s.paths.Disk
	}
	if err := s.sweepSnapshots(); err != nil {
		return err
	}
	return diskfile.Sweep(disk, s.paths.Undo)
}

func (d folder) sweepSnapshots() error {
	if err := durable.SweepTemps(d.dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), IndexSuffix)
		if !ok {
			continue
		}
		if _, err := os.Lstat(d.filePath(name)); errors.Is(err, os.ErrNotExist) {
			os.Remove(d.indexPath(name))
		}
	}
	return nil
}
