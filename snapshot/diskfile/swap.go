package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/snapshot/durable"
)

// Resolve follows symbolic links and returns the path of a disk, which need not exist. If it
// exists, it must be a regular file.
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

// maxLinks is the maximum number of links that are followed. The system follows fewer.
const maxLinks = 255

// resolveMissing follows symbolic links to a path that does not exist.
func resolveMissing(disk string) string {
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(disk))
		if err != nil {
			return disk // not even its folder exists
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

// Swap replaces the disk with next, a complete file in the same folder, durably. The old
// disk becomes the undo disk, which replaces the previous one. disk must come from Resolve.
// If undo is "", the old disk is not kept.
//
// A crash leaves either the old disk with the old undo disk, or the new disk with the new
// undo disk, which may have a temporary name until Sweep or SwapBack renames it; UndoDisk
// finds it. The same is true after an *UndoNotPlaced. The disk always exists, except on
// file systems without hard links: there, after a crash, SwapBack may have to bring it
// back.
//
// hasUndo reports whether there was a disk to keep. placed reports whether the new disk is
// in place; if there is also an error, that may not be durable. If placed is false, next
// has been removed.
//
// If undo is on another file system than the disk, the old disk is kept at UndoBeside(disk),
// and undo is a symbolic link to it.
func Swap(next *durable.Replacement, disk, undo string) (hasUndo, placed bool, err error) {
	defer next.Discard()
	if err := copyAttributes(next.File, disk); err != nil {
		return false, false, err
	}
	if err := next.Sync(); err != nil {
		return false, false, err
	}
	written, err := next.Stat()
	if err != nil {
		return false, false, err
	}
	var before *spare
	if undo != "" {
		if before, err = newSpare(disk, undo); err != nil {
			return false, false, fmt.Errorf("keeping the old disk: %w", err)
		}
	}
	err = next.Commit()
	placed = err == nil || errors.Is(err, durable.ErrNotDurable)
	if there, statErr := os.Stat(disk); statErr == nil && os.SameFile(there, written) {
		placed = true // although the rename failed
	}
	if !placed {
		before.discard(disk)
		return false, false, err
	}
	return before != nil, true, errors.Join(err, before.makeUndo())
}
