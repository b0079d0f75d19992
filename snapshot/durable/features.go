package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Feature is an optional feature of file systems.
type Feature string

// The features that the store uses. It works without them, but less safely.
const (
	HardLinks Feature = "hard links"
	Sockets   Feature = "sockets"
	DirSync   Feature = "fsync of folders"
)

// MissingFeatures tries which features the file system of a folder supports, and returns
// those that it lacks. It returns an error if it could not try all of them. A killed
// process may leave temporary files of FeatureProbe(dir).
func MissingFeatures(dir string) ([]Feature, error) {
	probe := FeatureProbe(dir)
	file, link, socket := TempName(probe), TempName(probe), TempName(probe)
	defer func() {
		for _, path := range []string{socket, link, file} {
			os.Remove(path)
		}
	}()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, FileMode)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()

	var missing []Feature
	var errs []error
	for _, try := range []struct {
		feature Feature
		err     error
	}{
		{HardLinks, os.Link(file, link)},
		{Sockets, createSocket(socket)},
		{DirSync, d.Sync()},
	} {
		switch {
		case isNotSupported(try.err):
			missing = append(missing, try.feature)
		case try.err != nil:
			errs = append(errs, try.err)
		}
	}
	return missing, errors.Join(errs...)
}

// FeatureProbe returns the path for which MissingFeatures creates temporary files. The path
// itself is never created.
func FeatureProbe(dir string) string { return filepath.Join(dir, "features") }

// isNotSupported reports whether an error means that a file system lacks a feature.
func isNotSupported(err error) bool {
	for _, is := range []error{syscall.EPERM, syscall.EINVAL, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
