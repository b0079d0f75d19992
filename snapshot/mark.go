package snapshot

import (
	"os"
	"time"

	"vmterminal/snapshot/diskfile"
)

// Mark is a fingerprint of the set of snapshots and their rows. If two marks of a store are
// equal, and the first was Settled, no snapshot was added, removed or renamed and no row
// changed between them. The contents of the files may have changed.
type Mark struct {
	folder, rows fingerprint
}

// fingerprint changes when a file changes.
type fingerprint struct {
	exists  bool
	size    int64
	changed time.Time
}

func fingerprintOf(path string) fingerprint {
	info, err := os.Stat(path)
	if err != nil {
		return fingerprint{}
	}
	return fingerprint{true, info.Size(), diskfile.ChangeTime(info)}
}

// Mark returns the current mark.
func (s *Store) Mark() Mark {
	return Mark{fingerprintOf(s.paths.Snapshots), fingerprintOf(s.paths.Rows)}
}

// maxTimeGranularity is longer than the granularity of any file system's times.
const maxTimeGranularity = 3 * time.Second

// Settled reports whether the last change was long enough before now, the time when the mark
// was created. Otherwise a later change could give the same mark.
func (m Mark) Settled(now time.Time) bool {
	settled := func(f fingerprint) bool { return !f.exists || now.Sub(f.changed) > maxTimeGranularity }
	return m.folder.exists && settled(m.folder) && settled(m.rows)
}
