package snapshot

import (
	"os"
	"time"

	"vmterminal/snapshot/diskfile"
)

// A Mark stands for which snapshots there are. Two marks of a store that are
// equal, and Settled when the first was taken, say that no snapshot came, went
// or was renamed between them, nor did its row change. What is in the files may
// have changed.
type Mark struct {
	folder, rows trace
}

// trace is what tells a file from itself before and after a change.
type trace struct {
	there   bool
	size    int64
	changed time.Time
}

func traceOf(path string) trace {
	info, err := os.Stat(path)
	if err != nil {
		return trace{}
	}
	return trace{true, info.Size(), diskfile.Renamed(info)}
}

// Mark takes a mark.
func (s *Store) Mark() Mark {
	return Mark{traceOf(s.dir.Snapshots()), traceOf(s.dir.Rows())}
}

// tick is longer than the grain of any file system's times.
const tick = 3 * time.Second

// Settled tells whether all that the mark stands for had been left alone for a
// while when it was taken, at now: else another change in the same moment might
// leave the same mark.
func (m Mark) Settled(now time.Time) bool {
	settled := func(s trace) bool { return !s.there || now.Sub(s.changed) > tick }
	return m.folder.there && settled(m.folder) && settled(m.rows)
}
