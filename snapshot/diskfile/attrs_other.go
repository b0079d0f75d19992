//go:build !linux && !darwin

package diskfile

import (
	"errors"
	"io/fs"
	"os"
)

func isOtherDevice(error) bool { return false }

func keepAttributes(f *os.File, path string) error {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Chmod(st.Mode().Perm())
}
