package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// ErrOtherOwner is returned if root uses the store of another user, because files created by
// root would lock that user out.
var ErrOtherOwner = errors.New("the store belongs to another user")

// CheckOwner returns ErrOtherOwner if this process runs as root and the store belongs to
// another user, or would be created in another user's folder. It sends a note if other users
// can change the store; see WatchNotes.
func (s *Service) CheckOwner() error {
	path := string(s.opt.Home)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return wrapFailure(checkNewStore(path, os.Geteuid()), problem.Operation{Code: problem.OpStoreOpen})
	}
	if err != nil {
		return nil //nolint:nilerr // each use of the store reports it
	}
	owner := doctor.Owner(info)
	err = compareOwner(path, owner, os.Geteuid())
	if errors.Is(err, ErrOtherOwner) {
		return wrapFailure(err, problem.Operation{Code: problem.OpStoreOpen})
	}
	switch {
	case err != nil:
		s.sendNote(problem.Note{Code: problem.NoteStoreOtherOwner, Path: path, User: doctor.UserName(owner)})
	case info.Mode().Perm()&0o002 != 0:
		s.sendNote(problem.Note{Code: problem.NoteStoreOpen, Path: path, Mode: fmt.Sprintf("%04o", durable.DirMode)})
	}
	return nil
}

// checkNewStore returns ErrOtherOwner if root would create a missing store in another
// user's folder.
func checkNewStore(path string, euid int) error {
	if euid != 0 {
		return nil
	}
	folder := doctor.ExistingFolder(path)
	info, err := os.Stat(folder)
	if err != nil || doctor.Owner(info) == 0 {
		return nil //nolint:nilerr // creating the store reports it
	}
	return fmt.Errorf("%w: %s would be in a folder of %s, and this is root", ErrOtherOwner, path, doctor.UserName(doctor.Owner(info)))
}

// compareOwner returns an error if owner is not euid; for root, the error is ErrOtherOwner.
func compareOwner(path string, owner, euid int) error {
	switch {
	case owner == euid:
		return nil
	case euid == 0:
		return fmt.Errorf("%w: %s belongs to %s, and this process runs as root", ErrOtherOwner, path, doctor.UserName(owner))
	default:
		return fmt.Errorf("the store %s belongs to %s, who can change everything in it", path, doctor.UserName(owner))
	}
}
