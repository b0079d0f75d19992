package blocklog

import "sync"

// An Entry is a write, or a flush if Data is nil.
type Entry struct {
	Off  int64
	Data []byte
}

// IsFlush reports whether the entry is a flush.
func (e Entry) IsFlush() bool { return e.Data == nil }

// A Log is the list of a device's requests, in order. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	entries []Entry
}

func (l *Log) add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

// Position returns the current number of entries.
func (l *Log) Position() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// Entries returns the entries from one position to another. Callers must not modify them.
func (l *Log) Entries(from, to int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[from:to:to]
}
