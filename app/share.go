package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/vm"
	"vmterminal/vm/host"
)

// Share is a folder of this computer that a guest has too.
type Share struct {
	Path     string // absolute
	ReadOnly bool
	// GuestDir is where the guest has it.
	GuestDir string
	// Problem is why the running guest does not have it, or "".
	Problem string
}

func (s Share) setting() vm.Share { return vm.Share{Path: s.Path, ReadOnly: s.ReadOnly} }

// String is the share in one line.
func (s Share) String() string { return Plain(s.setting().String()) }

// ErrNoShare says that a folder is not shared.
var ErrNoShare = errors.New("no such share")

// ParseShare reads a share as people write it: DIR, or DIR:ro for one that the
// guest can only read.
func ParseShare(text string) (Share, error) {
	s, err := vm.ParseShare(text)
	return shareOf(s), failed(err, "Nothing was changed.", "share %s", Plain(text))
}

// CheckShares tells whether one VM can have all these shares, as far as that can be
// said without looking at the disk.
func CheckShares(list []Share) error {
	return failed(shareSettings(list).Check(), "Nothing was changed.", "share that folder")
}

func shareOf(s vm.Share) Share {
	return Share{Path: s.Path, ReadOnly: s.ReadOnly, GuestDir: s.GuestDir()}
}

func shares(list vm.Shares) (out []Share) {
	for _, s := range list {
		out = append(out, shareOf(s))
	}
	return out
}

// shareProblems notes what the guest said of its shares.
func (v *VM) shareProblems(states []host.ShareState) {
	for _, state := range states {
		for i := range v.Shares {
			if v.Shares[i].Path == state.Path {
				v.Shares[i].Problem = Plain(state.Problem)
			}
		}
	}
}

func shareSettings(list []Share) (out vm.Shares) {
	for _, s := range list {
		out = append(out, s.setting())
	}
	return out
}

func (to VMSettings) applyShares(v *vm.VM) error {
	if to.UnshareAll {
		v.Shares, to.Unshare = nil, nil
	}
	for _, path := range to.Unshare {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if !v.Shares.Has(abs) {
			return fmt.Errorf("%w: folder '%s' is not shared", ErrNoShare, abs)
		}
		v.Shares = v.Shares.Without(abs)
	}
	for _, s := range to.Share {
		v.Shares = v.Shares.With(s.setting())
	}
	return nil
}

// checkShares refuses what is no folder, and folders that have the store in them or
// are in it: a guest that could change its own VM from outside would not be held by
// anything.
func (s *Service) checkShares(list vm.Shares) error {
	for _, share := range list {
		info, err := os.Stat(share.Path)
		if err == nil && !info.IsDir() {
			err = errors.New("it is not a folder")
		}
		if err != nil {
			return fmt.Errorf("'%s' is %w for a shared folder: %w", share.Path, vm.ErrBadConfig, err)
		}
		if s.holdsStore(share.Path) {
			return fmt.Errorf("'%s' is %w for a shared folder: VMTerminal's own files are there", share.Path, vm.ErrBadConfig)
		}
	}
	return nil
}

// checkSharesStill refuses, when a VM starts, what checkShares would refuse by now: a
// link may lead elsewhere since, and the store may have been moved.
func (s *Service) checkSharesStill(list vm.Shares) error {
	for _, share := range list {
		if s.holdsStore(share.Path) {
			return fmt.Errorf("folder '%s' %w: VMTerminal's own files are there", share.Path, host.ErrShare)
		}
	}
	return nil
}

// holdsStore tells whether a folder has the store in it, or is in it.
func (s *Service) holdsStore(path string) bool {
	real, home := realPath(path), realPath(string(s.opt.Home))
	return within(real, home) || within(home, real)
}

// realPath is a path without links, as far as it exists.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// within tells whether path is dir or in it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
