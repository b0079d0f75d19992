package wire

import (
	"errors"
	"path"
	"strings"
)

// Mount is a 9p file system of the host and where it is to be mounted.
type Mount struct {
	Tag      string `json:"tag"`
	Dir      string `json:"dir"`
	ReadOnly bool   `json:"readOnly,omitempty"`
}

// MaxMounts is how many one request may ask for.
const MaxMounts = 32

// Check tells what no host would ask for: shares are folders of /mnt.
func (m Mount) Check() error {
	if m.Tag == "" || len(m.Tag) > 31 || strings.ContainsRune(m.Tag, 0) {
		return errors.New("no name of a shared folder")
	}
	if path.Dir(m.Dir) != "/mnt" || path.Clean(m.Dir) != m.Dir || strings.ContainsRune(m.Dir, 0) {
		return errors.New("no place for a shared folder")
	}
	return nil
}
