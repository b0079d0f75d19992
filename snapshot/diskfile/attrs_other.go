//go:build !linux && !darwin

package diskfile

import (
	"errors"
	"io/fs"
	"os"
)

func isCrossDevice(error) bool { return false }

func isLinkUnsupported(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

func copyAttributes(f *os.File, path string) error {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Chmod(st.Mode().Perm())
}
