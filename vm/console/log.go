package console

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"vmterminal/app/ondisk"
)

// LogLimit is how long a log grows before it is put away as the old part, in
// bytes. So a log takes at most twice that.
const LogLimit = 4 << 20

// A Log is a file that is added to and bounded: when it is full, it takes the
// place of the old part and a new one begins. It may be used from many
// goroutines.
type Log struct {
	path, old string
	limit     int64

	mu   sync.Mutex
	f    *os.File
	size int64
}

// OpenLog opens the log at path for adding to it; old is the name of the part
// before. What is there stays.
func OpenLog(path, old string) (*Log, error) {
	l := &Log{path: path, old: old, limit: LogLimit}
	return l, l.open()
}

func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, ondisk.FileMode)
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

// Write adds p. After an error the next Write tries again.
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

// Close closes the file; a later Write opens it again.
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

// Tail returns about the last n bytes of a log, from the start of a line. No
// log is an empty one.
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
		text = text[Start(text, len(text)):]
	}
	return text, nil
}

// tailFile reads the last n bytes, and tells whether there are more before.
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
