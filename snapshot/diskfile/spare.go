package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
)

// spare is a second, temporary name of a disk that is about to be replaced. While the disk
// has its own name, the spare has no meaning. Afterwards the spare is the undo disk, which
// only has to be renamed.
type spare struct {
	temp string
	name string // the future name: undo, or UndoBeside with undo as a link to it
	undo string
	// moved means that the disk has lost its own name already, because the file system has
	// no hard links.
	moved bool
}

// newSpare gives the disk a second name durably; it returns nil if there is no disk. On a
// file system without hard links it renames the disk.
func newSpare(disk, undo string) (*spare, error) {
	if _, err := os.Lstat(disk); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s := &spare{temp: durable.TempName(undo), name: undo, undo: undo}
	err := os.Link(disk, s.temp)
	if isCrossDevice(err) {
		s.name = UndoBeside(disk)
		s.temp = durable.TempName(s.name)
		err = os.Link(disk, s.temp)
	}
	if isLinkUnsupported(err) {
		s.moved = true
		err = os.Rename(disk, s.temp)
	}
	if err != nil {
		return nil, err
	}
	if err := durable.SyncDir(filepath.Dir(s.temp)); err != nil {
		s.discard(disk)
		return nil, err
	}
	return s, nil
}

// discard removes the spare of a disk that still has its own name. It renames a moved disk
// back. If the spare is the disk's only name, it is kept.
func (s *spare) discard(disk string) {
	if s == nil {
		return
	}
	now, err := os.Stat(disk)
	if s.moved && errors.Is(err, fs.ErrNotExist) {
		_ = os.Rename(s.temp, disk) // otherwise findSpare finds it
		return
	}
	if err != nil {
		return
	}
	if st, err := os.Lstat(s.temp); err == nil && os.SameFile(st, now) {
		os.Remove(s.temp)
	}
}

// makeUndo makes the disk the undo disk durably, replacing the existing one. Until its last
// step findSpare finds the disk under its temporary name. The error is an *UndoNotPlaced if
// the disk still has only its temporary name.
func (s *spare) makeUndo() error {
	if s == nil {
		return nil
	}
	err := s.linkUndo()
	if err == nil {
		err = renameOver(s.temp, s.name)
	}
	if err != nil {
		return &UndoNotPlaced{Disk: s.temp, Undo: s.name, Err: err}
	}
	return durable.SyncDir(filepath.Dir(s.name))
}

// linkUndo makes undo a symbolic link to the future name durably, unless they are equal.
func (s *spare) linkUndo() error {
	if to, err := os.Readlink(s.undo); s.name == s.undo || err == nil && to == s.name {
		return nil
	}
	temp := durable.TempName(s.undo)
	if err := os.Symlink(s.name, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, s.undo); err != nil {
		os.Remove(temp)
		return err
	}
	return durable.SyncDir(filepath.Dir(s.undo))
}

// renameOver renames a file. If both names are names of the same file, for which rename does
// nothing, it removes the old one.
func renameOver(from, to string) error {
	if a, err := os.Lstat(from); err == nil {
		if b, err := os.Lstat(to); err == nil && os.SameFile(a, b) {
			return os.Remove(from)
		}
	}
	return os.Rename(from, to)
}

// ErrUndoNotPlaced is wrapped by every *UndoNotPlaced.
var ErrUndoNotPlaced = errors.New("the disk that the last restore replaced could not be renamed")

// UndoNotPlaced reports that the disk replaced by the last restore has only the temporary
// name Disk, because it could not be renamed to Undo. Sweep tries again.
type UndoNotPlaced struct {
	Disk, Undo string
	Err        error
}

func (e *UndoNotPlaced) Error() string {
	return fmt.Sprintf("the disk that the last restore replaced is kept as %s; it could not be renamed to %s: %v", e.Disk, e.Undo, e.Err)
}

// Unwrap returns ErrUndoNotPlaced and the cause.
func (e *UndoNotPlaced) Unwrap() []error { return []error{ErrUndoNotPlaced, e.Err} }

// findSpare returns the spare that a crash or an error left as the only name of an undo
// disk, or nil. It ignores spares of the present disk.
func findSpare(disk, undo string) (*spare, error) {
	now, err := os.Stat(disk)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found *spare
	var foundInfo fs.FileInfo
	err = visitTemps(disk, undo, func(name, temp string, st fs.FileInfo) error {
		switch {
		case !st.Mode().IsRegular() || now != nil && os.SameFile(st, now) || found != nil && os.SameFile(st, foundInfo):
		case found != nil: // either could be the newer disk
			return &UndoNotPlaced{Disk: found.temp, Undo: found.name, Err: fmt.Errorf("%s is another such disk", temp)}
		default:
			found, foundInfo = &spare{temp: temp, name: name, undo: undo}, st
		}
		return nil
	})
	return found, err
}

// visitTemps calls visit for each file with a temporary name of the undo disk: name is the
// file's future name, and temp its present path.
func visitTemps(disk, undo string, visit func(name, temp string, st fs.FileInfo) error) error {
	names := []string{undo, UndoBeside(disk)}
	if to := resolveMissing(undo); filepath.Base(to) != filepath.Base(undo) && !slices.Contains(names, to) {
		names = append(names, to) // undo is a link
	}
	for _, name := range names {
		entries, err := os.ReadDir(filepath.Dir(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if !durable.IsTempOf(e.Name(), name) {
				continue
			}
			st, err := e.Info()
			if err == nil {
				err = visit(name, filepath.Join(filepath.Dir(name), e.Name()), st)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// recoverUndo makes the disk found by findSpare the undo disk. If the disk itself is missing
// and there is an undo disk, it does nothing, as either could become the disk.
func recoverUndo(disk, undo string) error {
	s, err := findSpare(disk, undo)
	if err != nil || s == nil {
		return err
	}
	if _, err := os.Lstat(disk); errors.Is(err, fs.ErrNotExist) {
		if _, _, err := resolveUndo(undo); !errors.Is(err, ErrNoUndo) {
			return nil //nolint:nilerr // the undo exists, whatever is wrong with it
		}
	}
	return s.makeUndo()
}

// removeSpares removes temporary names of the undo disk, but only those that are links or
// second names of the present disk: any other file may be the only copy of a disk.
func removeSpares(disk, undo string) error {
	now, err := os.Stat(disk)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return visitTemps(disk, undo, func(_, temp string, st fs.FileInfo) error {
		isSecondName := now != nil && os.SameFile(st, now)
		if st.IsDir() || st.Mode().IsRegular() && !isSecondName && guard.On(guard.LastName) {
			return nil
		}
		return os.Remove(temp)
	})
}

// Sweep finishes an interrupted Swap or SwapBack, and removes temporary files. disk must
// come from Resolve. If the error is an *UndoNotPlaced, everything else is done, but no
// temporary name of the undo disk was removed.
func Sweep(disk, undo string) error {
	if err := durable.SweepTempsOf(disk); err != nil {
		return err
	}
	if err := recoverUndo(disk, undo); err != nil && guard.On(guard.LastName) {
		return err
	}
	return removeSpares(disk, undo)
}
