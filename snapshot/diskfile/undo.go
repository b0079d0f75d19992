package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
)

// ErrNoUndo says that no disk is kept.
var ErrNoUndo = errors.New("no disk is kept for undo")

// Kept returns where the disk that is kept truly lies: undo itself, or the file
// beside the disk that it is a link to; after a crash, the one that is to get
// that name. The error wraps ErrNoUndo. disk is as Resolve returns it.
func Kept(disk, undo string) (string, os.FileInfo, error) {
	if s, err := lost(disk, undo); err == nil && s != nil {
		st, err := os.Lstat(s.temp)
		return s.temp, st, err
	}
	return named(undo)
}

func named(undo string) (string, os.FileInfo, error) {
	kept := undo
	st, err := os.Lstat(undo)
	if err == nil && st.Mode()&fs.ModeSymlink != 0 {
		if kept, err = filepath.EvalSymlinks(undo); err == nil {
			st, err = os.Lstat(kept)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, ErrNoUndo
	}
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", kept)
	}
	return kept, st, err
}

// Back swaps the disk and the one that undo names, durably: the disk becomes the
// undo. At no instant is the disk missing, and a crash at any moment leaves both
// under one of the two names. Where there is no disk, the kept one becomes it
// and no undo is left. disk is as Resolve returns it. placed tells whether that
// has happened, which with an error means that it may not be durable.
//
// The error wraps ErrNoUndo if none is kept, or if it is the disk itself, as
// after a crash in a swap.
func Back(disk, undo string) (placed bool, err error) {
	if err := findLost(disk, undo); err != nil {
		return false, err
	}
	kept, st, err := named(undo)
	if err != nil {
		return false, err
	}
	now, err := os.Lstat(disk)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = os.Rename(kept, disk)
	case err != nil:
		return false, err
	case os.SameFile(now, st):
		return false, fmt.Errorf("%w: %s is the disk itself", ErrNoUndo, kept)
	default:
		err = exchange(disk, kept)
		if isNotOffered(err) {
			err = exchangeByLinks(disk, kept)
		}
	}
	if isOtherDevice(err) {
		return false, fmt.Errorf("%s and %s are on different file systems: move the first one beside the disk, as %s, and make a link to it in its place",
			kept, disk, ondisk.UndoBeside(disk))
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(ondisk.SyncDir(filepath.Dir(disk)), ondisk.SyncDir(filepath.Dir(kept)))
}

// exchangeByLinks is for file systems that cannot swap two names at once. After
// a crash between the two renames the disk that was is left under a temporary
// name of undo, where findLost finds it.
func exchangeByLinks(disk, undo string) error {
	was, err := newSpare(disk, undo)
	if err != nil {
		return err
	}
	if err := os.Rename(undo, disk); err != nil {
		was.drop()
		return err
	}
	return was.become()
}

// Discard removes the disk that undo names, and undo. It returns how many bytes
// that has freed. The error wraps ErrNoUndo. disk is as Resolve returns it.
func Discard(disk, undo string) (freed int64, err error) {
	if err := findLost(disk, undo); err != nil {
		return 0, err
	}
	kept, _, err := named(undo)
	if errors.Is(err, ErrNoUndo) {
		os.Remove(undo) // a link to nothing
	}
	if err != nil {
		return 0, err
	}
	freed = Frees(kept)
	// A link of another's making is only a link: what it leads to is not ours.
	if kept != undo && !strings.HasSuffix(kept, ondisk.UndoBeside("")) {
		freed, kept = 0, undo
	}
	// The disk goes first: a link to nothing wastes nothing.
	if err := os.Remove(kept); err != nil {
		return 0, err
	}
	err = ondisk.Done(ondisk.SyncDir(filepath.Dir(kept)))
	if kept != undo && os.Remove(undo) == nil {
		_ = ondisk.SyncDir(filepath.Dir(undo))
	}
	return freed, err
}
