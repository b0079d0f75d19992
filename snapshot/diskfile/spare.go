package diskfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// A spare is another, temporary name of a disk that is about to lose its own. As
// long as the disk has its own too, the spare means nothing; from then on it is
// the undo, and only waits for that name.
type spare struct {
	temp string
	name string // that it is to get: undo, or the one beside the disk that undo leads to
	undo string
}

// newSpare gives the disk another name, durably; nil if there is no disk.
func newSpare(disk, undo string) (*spare, error) {
	if _, err := os.Lstat(disk); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s := &spare{temp: ondisk.TempName(undo), name: undo, undo: undo}
	err := os.Link(disk, s.temp)
	if isOtherDevice(err) {
		s.name = ondisk.UndoBeside(disk)
		s.temp = ondisk.TempName(s.name)
		err = os.Link(disk, s.temp)
	}
	if err != nil {
		return nil, err
	}
	if err := ondisk.SyncDir(filepath.Dir(s.temp)); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

// drop is for when the disk has kept its name.
func (s *spare) drop() {
	if s != nil {
		os.Remove(s.temp)
	}
}

// become makes it the undo, durably, in the place of what was there.
func (s *spare) become() error {
	if s == nil {
		return nil
	}
	err := renameOver(s.temp, s.name)
	if err == nil {
		err = ondisk.SyncDir(filepath.Dir(s.name))
	}
	if err != nil || s.name == s.undo {
		return err
	}
	if to, err := os.Readlink(s.undo); err == nil && to == s.name {
		return nil
	}
	temp := ondisk.TempName(s.undo)
	if err := os.Symlink(s.name, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, s.undo); err != nil {
		os.Remove(temp)
		return err
	}
	return ondisk.SyncDir(filepath.Dir(s.undo))
}

// renameOver is a rename that also ends with one name where both are names of
// one file, for which rename does nothing.
func renameOver(from, to string) error {
	if a, err := os.Lstat(from); err == nil {
		if b, err := os.Lstat(to); err == nil && os.SameFile(a, b) {
			return os.Remove(from)
		}
	}
	return os.Rename(from, to)
}

// lost finds the spare of a disk that a crash has left without another name; nil
// if there is none.
func lost(disk, undo string) (*spare, error) {
	now, err := os.Stat(disk)
	if err != nil {
		return nil, nil //nolint:nilerr // nothing that makes a spare leaves the disk missing
	}
	for _, name := range []string{undo, ondisk.UndoBeside(disk)} {
		entries, err := os.ReadDir(filepath.Dir(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !ondisk.IsTempOf(e.Name(), name) {
				continue
			}
			if st, err := e.Info(); err == nil && !os.SameFile(st, now) {
				return &spare{filepath.Join(filepath.Dir(name), e.Name()), name, undo}, nil
			}
		}
	}
	return nil, nil
}

// findLost gives a disk that a crash has left without a name the undo's.
func findLost(disk, undo string) error {
	s, err := lost(disk, undo)
	if err != nil {
		return err
	}
	return s.become()
}

// Sweep ends what a crash has cut off of a Swap or a Back, and removes unfinished
// files. disk is as Resolve returns it.
func Sweep(disk, undo string) error {
	return errors.Join(findLost(disk, undo),
		ondisk.SweepTempsOf(disk), ondisk.SweepTempsOf(undo), ondisk.SweepTempsOf(ondisk.UndoBeside(disk)))
}
