package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// Resolve follows symbolic links to where a disk truly lies, or would lie if it
// is missing. What is there must be a regular file.
func Resolve(disk string) (string, error) {
	real, err := filepath.EvalSymlinks(disk)
	if errors.Is(err, fs.ErrNotExist) {
		return resolveMissing(disk), nil
	}
	if err != nil {
		return "", err
	}
	st, err := os.Stat(real)
	if err != nil {
		return "", err
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", real)
	}
	return real, nil
}

// maxLinks is as many links as the system itself follows, and more.
const maxLinks = 255

// resolveMissing follows links to where there is nothing.
func resolveMissing(disk string) string {
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(disk))
		if err != nil {
			return disk // not even its folder is there
		}
		disk = filepath.Join(dir, filepath.Base(disk))
		link, err := os.Readlink(disk)
		if err != nil {
			return disk
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(dir, link)
		}
		disk = link
	}
	return disk
}

// Swap puts a new disk, whole and in the same folder, in the place of the one
// at disk, durably; the one before becomes undo and takes the place of what was
// there. At no instant is the disk missing, and a crash at any moment leaves
// the old disk with the old undo or the new one with the new undo, which may
// have a temporary name until Sweep or Back gives it its own; Kept finds it.
// disk is as Resolve returns it.
// kept tells whether there was a disk before, and placed whether the new one is
// in its place, which with an error means that it may not be durable. When it is
// not placed, it is gone.
//
// If undo is on another file system than the disk, the disk before is kept
// beside the disk, and undo is a symbolic link to it.
func Swap(next *ondisk.Replacement, disk, undo string) (kept, placed bool, err error) {
	defer next.Discard()
	if err := keepAttributes(next.File, disk); err != nil {
		return false, false, err
	}
	if err := next.Sync(); err != nil {
		return false, false, err
	}
	written, err := next.Stat()
	if err != nil {
		return false, false, err
	}
	before, err := newSpare(disk, undo)
	if err != nil {
		return false, false, fmt.Errorf("keeping the disk before: %w", err)
	}
	if err = next.Commit(); err != nil {
		there, statErr := os.Stat(disk)
		placed = statErr == nil && os.SameFile(there, written)
	} else {
		placed = true
	}
	if !placed {
		before.drop()
		return false, false, err
	}
	return before != nil, true, errors.Join(err, before.become())
}
