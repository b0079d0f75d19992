package blocklog

import "sync"

// An Entry is a write, or a flush if Data is nil.
type Entry struct {
	Off  int64
	Data []byte
}

// IsFlush tells a flush from a write.
func (e Entry) IsFlush() bool { return e.Data == nil }

// A Log is what was asked of a device, in its order. Its methods may be called
// from several goroutines.
type Log struct {
	mu      sync.Mutex
	entries []Entry
}

func (l *Log) add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

// Position is how many entries there are by now.
func (l *Log) Position() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// Entries returns the entries from one position to another. They must not be
// changed.
func (l *Log) Entries(from, to int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[from:to:to]
}
