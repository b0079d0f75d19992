package vm

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxShares is the maximum number of shared folders of a VM.
const MaxShares = 8

// Share is a folder of the host that is mounted in the guest at GuestDir.
type Share struct {
	Path     string `json:"path"` // absolute
	ReadOnly bool   `json:"read_only,omitempty"`
}

// GuestDir returns the mount point in the guest.
func (s Share) GuestDir() string { return "/mnt/" + filepath.Base(s.Path) }

func (s Share) String() string {
	if s.ReadOnly {
		return s.Path + " -> " + s.GuestDir() + ", read-only"
	}
	return s.Path + " -> " + s.GuestDir()
}

// Shares holds a VM's shared folders. No two may have the same mount point in the guest.
type Shares []Share

// Check validates the settings. The error, if any, wraps ErrBadConfig.
func (list Shares) Check() error {
	if len(list) > MaxShares {
		return fmt.Errorf("%d is %w for the number of shared folders: at most %d", len(list), ErrBadConfig, MaxShares)
	}
	at := map[string]string{}
	for _, s := range list {
		switch {
		case !filepath.IsAbs(s.Path) || filepath.Clean(s.Path) != s.Path:
			return fmt.Errorf("%.200q is %w for a shared folder: the path must be absolute", s.Path, ErrBadConfig)
		case filepath.Dir(s.Path) == s.Path:
			return fmt.Errorf("%.200q is %w for a shared folder: the root folder cannot be shared", s.Path, ErrBadConfig)
		case strings.ContainsFunc(s.Path, unicode.IsControl):
			return fmt.Errorf("%.200q is %w for a shared folder: the path contains control characters", s.Path, ErrBadConfig)
		case !utf8.ValidString(s.Path): // JSON would store another path
			return fmt.Errorf("%.200q is %w for a shared folder: the path is not UTF-8", s.Path, ErrBadConfig)
		case at[s.GuestDir()] != "":
			return fmt.Errorf("%.200q is %w for a shared folder: %s in the guest is already %.200q", s.Path, ErrBadConfig, s.GuestDir(), at[s.GuestDir()])
		}
		at[s.GuestDir()] = s.Path
	}
	return nil
}

// With returns the list with a share added. It replaces any other share of the same path.
func (list Shares) With(s Share) Shares { return append(list.Without(s.Path), s) }

// Without returns the list without the share of a path.
func (list Shares) Without(path string) Shares {
	return slices.DeleteFunc(slices.Clone(list), func(s Share) bool { return s.Path == path })
}

// Has reports whether the folder at path is shared.
func (list Shares) Has(path string) bool {
	return slices.ContainsFunc(list, func(s Share) bool { return s.Path == path })
}

// ParseShare parses a share in the form DIR, DIR:rw or DIR:ro (read-only for the guest). A
// relative path is made absolute. For an invalid share the error wraps ErrBadConfig.
func ParseShare(text string) (Share, error) {
	path, ro := strings.CutSuffix(text, ":ro")
	if !ro {
		path = strings.TrimSuffix(path, ":rw")
	}
	if path == "" {
		return Share{}, fmt.Errorf("%.100q is %w for a shared folder: use DIR or DIR:ro", text, ErrBadConfig)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Share{}, err
	}
	s := Share{Path: abs, ReadOnly: ro}
	return s, Shares{s}.Check()
}
