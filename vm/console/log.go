package console

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"vmterminal/snapshot/durable"
)

// LogLimit is the size in bytes at which a log is renamed and a new one is started. The two
// files together are at most twice as large.
const LogLimit = 4 << 20

// A Log is an append-only file of limited size: when it is full, it replaces the old file,
// and a new one is started. It is safe for concurrent use.
type Log struct {
	path, old string
	limit     int64

	mu   sync.Mutex
	f    *os.File
	size int64
}

// OpenLog opens the log at path for appending. old is the path to which a full log is
// renamed.
func OpenLog(path, old string) (*Log, error) {
	l := &Log{path: path, old: old, limit: LogLimit}
	return l, l.open()
}

func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, durable.FileMode)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Write appends p. After an error the next Write tries again.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > l.limit {
		_ = l.close()
		if err := os.Rename(l.path, l.old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	if l.f == nil {
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.f.Write(p)
	l.size += int64(n)
	return n, err
}

// Close closes the file. A later Write opens it again.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.close()
}

func (l *Log) close() error {
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}

// Tail returns about the last n bytes of a log, from the start of a line. It returns nothing
// if the log is missing.
func Tail(path, old string, n int) ([]byte, error) {
	text, cut, err := tailFile(path, n)
	if err != nil {
		return nil, err
	}
	if len(text) < n {
		before, beforeCut, err := tailFile(old, n-len(text))
		if err != nil {
			return nil, err
		}
		text, cut = append(before, text...), beforeCut
	}
	if cut {
		text = text[LineStart(text, len(text)):]
	}
	return text, nil
}

// tailFile reads the last n bytes of a file and reports whether the file is longer.
func tailFile(path string, n int) ([]byte, bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	from := max(0, info.Size()-int64(n))
	text, err := io.ReadAll(io.NewSectionReader(f, from, int64(n)))
	return text, from > 0, err
}
