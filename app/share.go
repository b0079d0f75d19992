package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/problem"
	"vmterminal/vm"
	"vmterminal/vm/supervisor/client"
)

// Share is a folder of the host that is shared with a guest.
type Share struct {
	Path     string // absolute
	ReadOnly bool
	// GuestDir is the path of the folder in the guest.
	GuestDir string
	// Problem says why the running guest lacks the folder; it is zero if the guest has it.
	Problem ShareProblem
}

func (s Share) setting() vm.Share { return vm.Share{Path: s.Path, ReadOnly: s.ReadOnly} }

// String returns the share in the syntax of ParseShare.
func (s Share) String() string { return Plain(s.setting().String()) }

// ErrNoShare means that a folder is not shared.
var ErrNoShare = errors.New("no such share")

// ParseShare parses a share: DIR, or DIR:ro for a read-only share.
func ParseShare(text string) (Share, error) {
	s, err := vm.ParseShare(text)
	return shareFromSetting(s), wrapFailure(err, problem.Operation{Code: problem.OpShareSet, Value: text}, problem.NothingChanged)
}

// CheckShares returns an error if a VM cannot have all these shares. It does not check the
// folders themselves.
func CheckShares(list []Share) error {
	return wrapFailure(shareSettings(list).Check(), problem.Operation{Code: problem.OpShareCheck}, problem.NothingChanged)
}

// maxLinkSearch is the maximum number of files and folders that FirstLink visits.
const maxLinkSearch = 20_000

// FirstLink returns the relative path of a symbolic link in the folder, or "" if none was found.
// Guests cannot follow links that the host created, because QEMU confines them to the folder.
func (s Share) FirstLink() string {
	link, seen := "", 0
	_ = filepath.WalkDir(s.Path, func(path string, d fs.DirEntry, err error) error {
		if seen++; seen > maxLinkSearch {
			return filepath.SkipAll
		}
		if err == nil && d.Type() == fs.ModeSymlink && path != s.Path {
			link, _ = filepath.Rel(s.Path, path)
			return filepath.SkipAll
		}
		return nil // ignore errors: the guest cannot read the folder either
	})
	return link
}

func shareFromSetting(s vm.Share) Share {
	return Share{Path: s.Path, ReadOnly: s.ReadOnly, GuestDir: s.GuestDir()}
}

func sharesFromSettings(list vm.Shares) (out []Share) {
	for _, s := range list {
		out = append(out, shareFromSetting(s))
	}
	return out
}

// setShareProblems sets the problems of the shares that the guest lacks.
func (v *VM) setShareProblems(states []client.ShareState) {
	for _, state := range states {
		for i := range v.Shares {
			if v.Shares[i].Path == state.Path {
				v.Shares[i].Problem = plainShare(state.ShareProblem)
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

func (changes VMSettings) applyShares(v *vm.VM) error {
	if changes.UnshareAll {
		v.Shares, changes.Unshare = nil, nil
	}
	for _, path := range changes.Unshare {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if !v.Shares.Has(abs) {
			return fmt.Errorf("%w: folder '%s' is not shared", ErrNoShare, abs)
		}
		v.Shares = v.Shares.Without(abs)
	}
	for _, s := range changes.Share {
		v.Shares = v.Shares.With(s.setting())
	}
	return nil
}

// checkShares rejects paths that are not folders, and folders that contain the store or are
// inside it, because a guest could use them to change its own VM.
func (s *Service) checkShares(list vm.Shares) error {
	for _, share := range list {
		info, err := os.Stat(share.Path)
		if err == nil && !info.IsDir() {
			err = errors.New("it is not a folder")
		}
		if err != nil {
			return fmt.Errorf("'%s' is %w for a shared folder: %w", share.Path, vm.ErrBadConfig, err)
		}
		if s.overlapsStore(share.Path) {
			return fmt.Errorf("'%s' is %w for a shared folder: VMTerminal's own files are there", share.Path, vm.ErrBadConfig)
		}
	}
	return nil
}

// recheckShares checks again, when a VM starts, that no share overlaps the store, because
// symbolic links and the store may have changed.
func (s *Service) recheckShares(list vm.Shares) error {
	for _, share := range list {
		if s.overlapsStore(share.Path) {
			return fmt.Errorf("folder '%s' %w: VMTerminal's own files are there", share.Path, client.ErrShare)
		}
	}
	return nil
}

// overlapsStore reports whether a folder contains the store or is inside it.
func (s *Service) overlapsStore(path string) bool {
	real, home := resolveLinks(path), resolveLinks(string(s.opt.Home))
	return isWithin(real, home) || isWithin(home, real)
}

// resolveLinks resolves symbolic links if the path exists.
func resolveLinks(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// isWithin reports whether path is dir or inside it.
func isWithin(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
