package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// removePart removes an unfinished download.
func removePart(dir home.ImageDir) {
	os.Remove(dir.Part())
	os.Remove(dir.PartState())
}

// sweepImage removes an unfinished download, temporary files, and all images and disks except
// those of the image whose digest is keep. The caller must hold the image's lock. The next
// sweep retries removals that fail.
func sweepImage(dir home.ImageDir, keep string) {
	removePart(dir)
	sweepUnlisted(dir, keep)
}

// sweepUnlisted is like sweep but preserves an interrupted download.
func sweepUnlisted(dir home.ImageDir, keep string) {
	sweepDisks(dir, keep)
	sweepFiles(dir, keep)
}

// sweepFiles removes temporary files, and images and bases whose digest is not keep.
func sweepFiles(dir home.ImageDir, keep string) {
	entries, _ := os.ReadDir(string(dir))
	for _, e := range entries {
		path := filepath.Join(string(dir), e.Name())
		unfinished := e.Name()[0] == '.' && filepath.Ext(path) == durable.TempSuffix &&
			!durable.IsTempOf(path, dir.Newest()) // newest.json has its own lock
		isOld := filepath.Ext(path) == home.ImageSuffix && path != dir.File(keep) || isBaseFile(path) && path != dir.Base(keep) && path != dir.BaseIndex(keep)
		if unfinished || isOld {
			os.Remove(path)
		}
	}
}

// sweepUnlocked removes leftovers of interrupted work on images that are not locked.
func (s *Store) sweepUnlocked() {
	dirs, _ := s.listFolders()
	for _, dir := range dirs {
		lock, err := durable.TryLock(dir.Lock(), durable.Activity{Code: ActivitySweep})
		if err != nil {
			continue
		}
		removeLeftovers(dir)
		lock.Close()
	}
}

// removeLeftovers removes everything except the image in the row and an interrupted download.
// The caller must hold the image's lock.
func removeLeftovers(dir home.ImageDir) {
	if m, err := readRow(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
		sweepUnlisted(dir, m.Digest)
	}
}
