package snapshot

import (
	"os"
	"time"

	"vmterminal/snapshot/diskfile"
)

// Fingerprint identifies a state of the set of snapshots and their rows. If two fingerprints
// of a store are equal, and IsSettled is true for the first, no snapshot was added, removed
// or renamed and no row changed between them. The contents of the files may have changed.
type Fingerprint struct {
	folder, rows fileState
}

// fileState changes when a file changes.
type fileState struct {
	exists  bool
	size    int64
	changed time.Time
}

func readFileState(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{true, info.Size(), diskfile.ChangeTime(info)}
}

// Fingerprint returns the current fingerprint.
func (s *Store) Fingerprint() Fingerprint {
	return Fingerprint{readFileState(s.paths.Snapshots), readFileState(s.paths.Rows)}
}

// maxTimeGranularity is longer than the granularity of any file system's times.
const maxTimeGranularity = 3 * time.Second

// IsSettled reports whether the last change was long enough before now, the time when the
// fingerprint was taken. Otherwise a later change could give the same fingerprint.
func (m Fingerprint) IsSettled(now time.Time) bool {
	settled := func(f fileState) bool { return !f.exists || now.Sub(f.changed) > maxTimeGranularity }
	return m.folder.exists && settled(m.folder) && settled(m.rows)
}
