package ondisk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// TempName returns a free name for a file that is not whole yet and will
// replace path; for what NewReplacement does not make, such as links.
func TempName(path string) string {
	return filepath.Join(filepath.Dir(path), tempPrefix(path)+rand.Text()+TempSuffix)
}

func tempPrefix(path string) string { return "." + filepath.Base(path) + "-" }

// IsTempOf tells whether a file of that name was to replace path.
func IsTempOf(name, path string) bool {
	base := filepath.Base(name)
	return strings.HasPrefix(base, tempPrefix(path)) && filepath.Ext(base) == TempSuffix
}

// LockFile takes the lock of a file that several processes may replace and that
// no other lock guards, and sweeps what killed ones left of it. For moments only.
func LockFile(path string) (*Lock, error) {
	lock, err := WaitLock(path + LockSuffix)
	if err != nil {
		return nil, err
	}
	if err := SweepTempsOf(path); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// SweepTempsOf removes unfinished files that were to replace path. Call it only
// under the lock that guards path.
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
