package durable

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vmterminal/snapshot/durable/guard"
)

// A Replacement is a new file, in the folder of the file that it will replace. It ends with
// Commit, Place or Discard. Discard does nothing after the others, so it can be deferred. A
// Replacement is not safe for concurrent use.
type Replacement struct {
	*os.File
	target     string
	isFinished bool
}

// NewReplacement creates a temporary file for path, with mode FileMode. The folder must
// exist.
func NewReplacement(path string) (*Replacement, error) {
	return NewReplacementMode(path, FileMode)
}

// NewReplacementMode is like NewReplacement, but with the given mode, before the umask. It
// is for files outside the store.
func NewReplacementMode(path string, mode fs.FileMode) (*Replacement, error) {
	f, err := os.OpenFile(TempName(path), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	return &Replacement{File: f, target: path}, nil
}

// Sync makes the data written so far durable.
func (r *Replacement) Sync() error { return SyncFile(r.File) }

// Commit gives the file its final name durably: fsync, rename, fsync of the folder. When it
// returns nil, a power cut cannot bring the old file back. After a *NotDurable the new file
// is in place. After any other error the old file is in place, and the temporary one has
// been removed.
func (r *Replacement) Commit() error {
	if err := r.Sync(); err != nil && !r.isFinished {
		r.Discard()
		return err
	}
	if err := r.Place(); err != nil {
		return err
	}
	return MarkNotDurable(SyncDir(filepath.Dir(r.target)))
}

// Place gives the file its final name atomically, but not durably: a power cut may lose its
// contents or bring the old file back. It is for caches. After an error the old file is in
// place, and the temporary one is removed.
func (r *Replacement) Place() error {
	if r.isFinished {
		return errors.New("replacement has ended")
	}
	if err := r.Close(); err != nil {
		r.Discard()
		return err
	}
	if err := os.Rename(r.Name(), r.target); err != nil {
		r.Discard()
		return err
	}
	r.isFinished = true
	return nil
}

// Discard closes and removes the temporary file.
func (r *Replacement) Discard() {
	if r.isFinished {
		return
	}
	r.isFinished = true
	r.Close()
	os.Remove(r.Name())
}

// Replace writes a whole file durably; the errors are those of Replacement.Commit.
func Replace(path string, write func(io.Writer) error) error {
	return replaceFile(path, write, (*Replacement).Commit)
}

// ReplaceCache writes a whole file atomically but not durably; see Replacement.Place.
func ReplaceCache(path string, write func(io.Writer) error) error {
	return replaceFile(path, write, (*Replacement).Place)
}

func replaceFile(path string, write func(io.Writer) error, finish func(*Replacement) error) error {
	r, err := NewReplacement(path)
	if err != nil {
		return err
	}
	defer r.Discard()
	if err := write(r); err != nil {
		return err
	}
	return finish(r)
}

// ReplaceJSON writes v durably as indented JSON; the errors are those of
// Replacement.Commit.
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

// UpdateJSON is like ReplaceJSON, for a struct. It keeps the members of the existing file
// that the type of v does not have; see MarshalKeepingUnknown. A file that cannot be read, or is
// not JSON, is replaced entirely.
func UpdateJSON(path string, v any) error {
	read, err := os.ReadFile(path)
	if err != nil || !json.Valid(TrimBOM(read)) {
		read = nil
	}
	text, err := MarshalKeepingUnknown(v, TrimBOM(read))
	if err != nil {
		return err
	}
	return ReplaceJSON(path, json.RawMessage(text))
}

// SyncFile makes the contents of a file durable, if its file system supports that.
func SyncFile(f *os.File) error {
	if !guard.On(guard.FileSync) {
		return nil
	}
	if err := f.Sync(); !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS) {
		return err
	}
	return nil
}

// SyncDir makes the names in a folder durable, if its file system supports that. FAT and
// some network file systems do not.
func SyncDir(dir string) error {
	if !guard.On(guard.DirSync) {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS) {
		return err
	}
	return nil
}

// MakeDir creates a private folder and its parents durably. A folder that exists is left
// alone.
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
	if err := CheckLink(dir); err != nil {
		return err
	}
	return SyncDir(parent)
}

// MoveAside renames an unreadable file to a free name beside it and returns that name, so
// that nothing is lost. It returns "" if there is no such file.
func MoveAside(path string) (string, error) {
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

// SweepTemps removes all temporary files in a folder. The caller must hold the lock that
// guards the folder.
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
