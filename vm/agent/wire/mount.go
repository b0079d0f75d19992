package wire

import (
	"errors"
	"path"
	"strings"
)

// Mount is a 9p file system of the host and its mount point in the guest.
type Mount struct {
	Tag      string `json:"tag"`
	Dir      string `json:"dir"`
	ReadOnly bool   `json:"readOnly,omitempty"`
}

// MaxMounts is the maximum number of mounts in one request.
const MaxMounts = 32

// Check returns an error if m is invalid. Shares are mounted directly below /mnt.
func (m Mount) Check() error {
	if m.Tag == "" || len(m.Tag) > 31 || strings.ContainsRune(m.Tag, 0) {
		return errors.New("invalid tag of a shared folder")
	}
	if path.Dir(m.Dir) != "/mnt" || path.Clean(m.Dir) != m.Dir || strings.ContainsRune(m.Dir, 0) {
		return errors.New("invalid mount point for a shared folder")
	}
	return nil
}
