package durable

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// TempName returns a free temporary name for path. It is for files that NewReplacement does
// not create, such as links.
func TempName(path string) string {
	return filepath.Join(filepath.Dir(path), tempPrefix(path)+rand.Text()+TempSuffix)
}

// maxTempBase limits how much of a name is part of its temporary names, which must not be
// longer than 255 bytes.
const maxTempBase = 200

func tempPrefix(path string) string {
	base := filepath.Base(path)
	if n := maxTempBase; len(base) > n {
		for n > 0 && !utf8.RuneStart(base[n]) {
			n--
		}
		base = base[:n]
	}
	return "." + base + "-"
}

// IsTempOf reports whether name is the name of a temporary file for path.
func IsTempOf(name, path string) bool {
	base := filepath.Base(name)
	return strings.HasPrefix(base, tempPrefix(path)) && filepath.Ext(base) == TempSuffix
}

// LockFile acquires the lock of a file and removes the file's temporary files. It is for
// files that several processes may replace and that no other lock guards. The lock must be
// held only briefly.
func LockFile(path string) (*Lock, error) {
	lock, err := BriefLock(path + LockSuffix)
	if err != nil {
		return nil, err
	}
	if err := SweepTempsOf(path); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// SweepTempsOf removes the temporary files of path. The caller must hold the lock that
// guards path.
func SweepTempsOf(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() && IsTempOf(e.Name(), path) {
			err := os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
