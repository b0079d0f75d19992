package vm

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// MaxShares is how many folders a VM can have shared.
const MaxShares = 8

// Share is a folder of this computer that the guest has too, at GuestDir.
type Share struct {
	Path     string `json:"path"` // absolute
	ReadOnly bool   `json:"read_only,omitempty"`
}

// GuestDir is where the guest has the folder.
func (s Share) GuestDir() string { return "/mnt/" + filepath.Base(s.Path) }

func (s Share) String() string {
	if s.ReadOnly {
		return s.Path + " -> " + s.GuestDir() + ", read-only"
	}
	return s.Path + " -> " + s.GuestDir()
}

// Shares are a VM's folders; no two are at the same place in the guest.
type Shares []Share

// Check tells what is wrong with the settings; it wraps ErrBadConfig.
func (list Shares) Check() error {
	if len(list) > MaxShares {
		return fmt.Errorf("%d is %w for how many folders are shared: at most %d", len(list), ErrBadConfig, MaxShares)
	}
	at := map[string]string{}
	for _, s := range list {
		switch {
		case !filepath.IsAbs(s.Path) || filepath.Clean(s.Path) != s.Path || filepath.Dir(s.Path) == s.Path:
			return fmt.Errorf("%.200q is %w for a shared folder: it has no name of its own", s.Path, ErrBadConfig)
		case strings.ContainsFunc(s.Path, unicode.IsControl):
			return fmt.Errorf("%.200q is %w for a shared folder: there are control characters in it", s.Path, ErrBadConfig)
		case at[s.GuestDir()] != "":
			return fmt.Errorf("%.200q is %w for a shared folder: %s in the guest is %.200q", s.Path, ErrBadConfig, s.GuestDir(), at[s.GuestDir()])
		}
		at[s.GuestDir()] = s.Path
	}
	return nil
}

// With is the list with one share more, in the place of another of the same path.
func (list Shares) With(s Share) Shares { return append(list.Without(s.Path), s) }

// Without is the list without the share of a path.
func (list Shares) Without(path string) Shares {
	return slices.DeleteFunc(slices.Clone(list), func(s Share) bool { return s.Path == path })
}

// Has tells whether the folder of that path is shared.
func (list Shares) Has(path string) bool {
	return slices.ContainsFunc(list, func(s Share) bool { return s.Path == path })
}

// ParseShare reads a share as people write it: a folder's path, with :ro behind it
// if the guest may only read it, or else :rw or nothing. The path becomes absolute.
// The error wraps ErrBadConfig.
func ParseShare(text string) (Share, error) {
	path, ro := strings.CutSuffix(text, ":ro")
	if !ro {
		path = strings.TrimSuffix(path, ":rw")
	}
	if path == "" {
		return Share{}, fmt.Errorf("%.100q is %w for a shared folder: it goes DIR or DIR:ro", text, ErrBadConfig)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Share{}, err
	}
	s := Share{Path: abs, ReadOnly: ro}
	return s, Shares{s}.Check()
}
