package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// forget removes a part that is of no use.
func forget(dir ondisk.ImageDir) {
	os.Remove(dir.Part())
	os.Remove(dir.PartState())
}

// sweep removes all but the image of that digest and its disk; of what is left, another sweep
// takes care. The image's lock is held.
func sweep(dir ondisk.ImageDir, keep string) {
	forget(dir)
	sweepUnlisted(dir, keep)
}

// sweepUnlisted is sweep that lets what has come of a download stay.
func sweepUnlisted(dir ondisk.ImageDir, keep string) {
	sweepDisks(dir, keep)
	sweepFiles(dir, keep)
}

// sweepFiles removes unfinished files, and images but that of the digest.
func sweepFiles(dir ondisk.ImageDir, keep string) {
	entries, _ := os.ReadDir(string(dir))
	for _, e := range entries {
		path := filepath.Join(string(dir), e.Name())
		unfinished := e.Name()[0] == '.' && filepath.Ext(path) == ondisk.TempSuffix &&
			!ondisk.IsTempOf(path, dir.Newest()) // which has a lock of its own
		if unfinished || filepath.Ext(path) == ondisk.ImageSuffix && path != dir.File(keep) {
			os.Remove(path)
		}
	}
}

// tidy sweeps what work on any image has left that was cut off, where nobody works now.
func (s *Store) tidy() {
	dirs, _ := s.folders()
	for _, dir := range dirs {
		lock, err := ondisk.TryLock(dir.Lock(), "tidying up")
		if err != nil {
			continue
		}
		settle(dir)
		lock.Close()
	}
}

// settle leaves of an image what its row says, and what has come of a download. The
// image's lock is held.
func settle(dir ondisk.ImageDir) {
	if m, err := read(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
		sweepUnlisted(dir, m.Digest)
	}
}
