package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/vm/home"
)

func TestCheckOwner(t *testing.T) {
	for _, c := range []struct {
		owner, euid     int
		refused, warned bool
	}{
		{0, 0, false, false},
		{1000, 1000, false, false},
		{1000, 0, true, false},
		{1001, 1000, false, true},
		{0, 1000, false, true},
	} {
		err := compareOwner("/store", c.owner, c.euid)
		if errors.Is(err, ErrOtherOwner) != c.refused || (err != nil) != (c.refused || c.warned) {
			t.Errorf("owner %d, user %d: got error %v, want one for any other owner, and ErrOtherOwner only for root", c.owner, c.euid, err)
		}
	}
}

func TestStoreWritableByOthersIsNoted(t *testing.T) {
	root := t.TempDir()
	s := New(Options{Home: home.Dir(root)})
	var notes []problem.Note
	s.WatchNotes(func(note problem.Note) { notes = append(notes, note) })
	for mode, noted := range map[os.FileMode]int{0o700: 0, 0o755: 0, 0o777: 1} {
		if err := os.Chmod(root, mode); err != nil {
			t.Fatal(err)
		}
		notes = nil
		if err := s.CheckOwner(); err != nil || len(notes) != noted {
			t.Errorf("mode %o: got notes %q, error %v, want a note only if others can write", mode, notes, err)
		}
	}
}

func TestRootIsRefusedInStoreOfOtherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	s := serviceWithDisk(t, []byte("disk"))
	if err := os.Chown(string(s.opt.Home), 65534, -1); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckOwner(); !errors.Is(err, ErrOtherOwner) {
		t.Errorf("got %v, want %v", err, ErrOtherOwner)
	}
	if !slices.ContainsFunc(s.Doctor(t.Context()), func(f doctor.Finding) bool { return f.Code == doctor.StoreRefusedForRoot }) {
		t.Error("got no finding from Doctor, want StoreRefused")
	}
}

// Neither commands nor doctor create files owned by root in another user's folder.
func TestRootCreatesNothingInFolderOfOtherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	for name, sub := range map[string]string{"store": "", "folder of the store": "new"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.Chown(folder, 65534, -1); err != nil {
				t.Fatal(err)
			}
			s := New(Options{Home: home.Dir(filepath.Join(folder, sub))})
			if err := s.CheckOwner(); !errors.Is(err, ErrOtherOwner) {
				t.Errorf("got %v, want %v", err, ErrOtherOwner)
			}
			if !slices.ContainsFunc(s.Doctor(t.Context()), func(f doctor.Finding) bool { return f.Code == doctor.StoreRefusedForRoot }) {
				t.Error("got no finding from Doctor, want StoreRefused")
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("got files %v, error %v, want none", left, err)
			}
		})
	}
}
