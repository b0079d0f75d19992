package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/durable"
)

// ErrSpaceUnknown means that a file system does not report its size.
var ErrSpaceUnknown = errors.New("the file system does not report its size")

// ErrNoUndo means that there is no undo disk.
var ErrNoUndo = errors.New("there is nothing to undo")

// UndoDisk returns the path of the undo disk: undo itself, the file that it is a link to,
// or after a crash the temporary name of that file. disk must come from Resolve. If there
// is no undo disk, the error wraps ErrNoUndo.
func UndoDisk(disk, undo string) (string, os.FileInfo, error) {
	s, err := findSpare(disk, undo)
	if err != nil {
		return "", nil, err
	}
	if s != nil {
		st, err := os.Lstat(s.temp)
		return s.temp, st, err
	}
	return resolveUndo(undo)
}

// resolveUndo returns undo, or the file that it is a link to.
func resolveUndo(undo string) (string, os.FileInfo, error) {
	path := undo
	st, err := os.Lstat(undo)
	if err == nil && st.Mode()&fs.ModeSymlink != 0 {
		if path, err = filepath.EvalSymlinks(undo); err == nil {
			st, err = os.Lstat(path)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, ErrNoUndo
	}
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	return path, st, err
}

// SwapBack exchanges the disk and the undo disk durably. The disk always exists, and a
// crash loses neither of the two. If there is no disk, the undo disk becomes the disk; an
// undo disk then remains only if an interrupted Swap would have replaced it. disk must come
// from Resolve. placed reports whether the disk has been replaced; if there is also an
// error, that may not be durable.
//
// The error wraps ErrNoUndo if there is no undo disk, or if it is the disk itself, as after
// a crash during a swap.
func SwapBack(disk, undo string) (placed bool, err error) {
	now, err := os.Lstat(disk)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if now != nil {
		if err := recoverUndo(disk, undo); err != nil {
			return false, err
		}
	}
	path, st, err := UndoDisk(disk, undo)
	switch {
	case err != nil:
		return false, err
	case now == nil:
		err = os.Rename(path, disk)
	case os.SameFile(now, st):
		return false, fmt.Errorf("%w: %s is the disk itself", ErrNoUndo, path)
	default:
		err = exchangeNames(disk, path)
		if isRenameUnsupported(err) {
			placed, err = exchangeByLinks(disk, path)
		}
	}
	if isCrossDevice(err) {
		return false, fmt.Errorf("%s and %s are on different file systems: move the former to %s, and replace it with a link to that file",
			path, disk, UndoBeside(disk))
	}
	if err != nil && !placed {
		return false, err
	}
	return true, errors.Join(err, durable.SyncDir(filepath.Dir(disk)), durable.SyncDir(filepath.Dir(path)))
}

// exchangeByLinks exchanges the disks on file systems that cannot exchange two names
// atomically. After a crash or an error between the two renames, findSpare finds the old
// disk under a temporary name of undo. placed reports whether undo has become the disk.
func exchangeByLinks(disk, undo string) (placed bool, err error) {
	before, err := newSpare(disk, undo)
	if err != nil {
		return false, err
	}
	if err := os.Rename(undo, disk); err != nil {
		before.discard(disk)
		return false, err
	}
	return true, before.makeUndo()
}

// Discard removes the undo disk, and undo if it is a link. It returns the number of bytes
// freed. disk must come from Resolve. The error wraps ErrNoUndo if there is no undo disk.
func Discard(disk, undo string) (freed int64, err error) {
	if err := recoverUndo(disk, undo); err != nil {
		return 0, err
	}
	path, _, err := resolveUndo(undo)
	if errors.Is(err, ErrNoUndo) {
		os.Remove(undo) // a dangling link
	}
	if err != nil {
		return 0, err
	}
	freed = Reclaimable(path)
	// If another program created the link, its target is not ours to remove.
	if path != undo && !strings.HasSuffix(path, UndoBeside("")) {
		freed, path = 0, undo
	}
	// Remove the disk first: a dangling link uses no space.
	if err := os.Remove(path); err != nil {
		return 0, err
	}
	err = durable.MarkNotDurable(durable.SyncDir(filepath.Dir(path)))
	if path != undo && os.Remove(undo) == nil {
		_ = durable.SyncDir(filepath.Dir(undo))
	}
	return freed, err
}
