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
// the old disk or the new one under its name. disk is as Resolve returns it.
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
	kept, err = keep(disk, undo)
	if err != nil {
		return false, false, fmt.Errorf("keeping the disk before: %w", err)
	}
	written, err := next.Stat()
	if err != nil {
		return false, false, err
	}
	if err = next.Commit(); err != nil {
		there, statErr := os.Stat(disk)
		placed = statErr == nil && os.SameFile(there, written)
		return kept, placed, err
	}
	return kept, true, nil
}

// keep makes undo another name of the disk.
func keep(disk, undo string) (bool, error) {
	if _, err := os.Lstat(disk); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	err := linkOver(disk, undo)
	if err == nil || !isOtherDevice(err) {
		return err == nil, err
	}
	beside := ondisk.UndoBeside(disk)
	if err := linkOver(disk, beside); err != nil {
		return false, err
	}
	return true, replaceLink(beside, undo, os.Symlink)
}

func linkOver(disk, undo string) error { return replaceLink(disk, undo, os.Link) }

// replaceLink makes a link at name, in the place of what was there, durably.
func replaceLink(to, name string, link func(to, name string) error) error {
	if a, err := os.Stat(to); err == nil {
		if b, err := os.Lstat(name); err == nil && os.SameFile(a, b) {
			return nil // left by a crash; rename would do nothing and leave temp
		}
	}
	temp := ondisk.TempName(name)
	if err := link(to, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		os.Remove(temp)
		return err
	}
	return ondisk.SyncDir(filepath.Dir(name))
}
