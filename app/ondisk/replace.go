package ondisk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk/guard"
)

// A Replacement is a file that is being written beside the one it will
// replace. Exactly one of Commit and Discard ends it; Discard after Commit does
// nothing, so it can be deferred. Not for use by several goroutines.
type Replacement struct {
	*os.File
	final string
	ended bool
}

// NewReplacement creates the temporary file of mode FileMode for path. The
// folder must exist.
func NewReplacement(path string) (*Replacement, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*"+TempSuffix)
	if err != nil {
		return nil, err
	}
	return &Replacement{File: f, final: path}, nil
}

// Sync makes what is written so far durable.
func (r *Replacement) Sync() error { return SyncFile(r.File) }

// Commit makes the file durable under its final name: fsync, rename, fsync of
// the folder. When it returns nil a power cut cannot bring the old file back.
// After a *NotDurable the new file is in place; after any other error the old
// file stands and the temporary one is gone.
func (r *Replacement) Commit() error {
	if r.ended {
		return errors.New("replacement has ended")
	}
	if err := r.Sync(); err != nil {
		r.Discard()
		return err
	}
	if err := r.Close(); err != nil {
		r.Discard()
		return err
	}
	if err := os.Rename(r.Name(), r.final); err != nil {
		r.Discard()
		return err
	}
	r.ended = true
	return Done(SyncDir(filepath.Dir(r.final)))
}

// Discard closes and removes the temporary file.
func (r *Replacement) Discard() {
	if r.ended {
		return
	}
	r.ended = true
	r.Close()
	os.Remove(r.Name())
}

// Replace writes a whole file durably; see Replacement.Commit.
func Replace(path string, write func(io.Writer) error) error {
	r, err := NewReplacement(path)
	if err != nil {
		return err
	}
	defer r.Discard()
	if err := write(r); err != nil {
		return err
	}
	return r.Commit()
}

// ReplaceJSON writes v as indented JSON durably.
func ReplaceJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return Replace(path, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

// SyncFile makes the content of a file durable.
func SyncFile(f *os.File) error {
	if !guard.On(guard.FileSync) {
		return nil
	}
	return f.Sync()
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	if !guard.On(guard.DirSync) {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// MakeDir creates a private folder and its parents, durably.
func MakeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MakeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, DirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// PutAside renames a file that cannot be read to a free name beside it and
// returns that name; nothing is lost. No error when there is no such file.
func PutAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s%s%d", path, AsideInfix, n)
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		err := os.Rename(path, aside)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return aside, SyncDir(filepath.Dir(path))
	}
}

// SweepTemps removes unfinished files in a folder. Call it only under the lock
// that guards the folder.
func SweepTemps(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name()[0] == '.' && filepath.Ext(e.Name()) == TempSuffix {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
