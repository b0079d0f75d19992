// Package cache stores images: verified ones from the catalog, and imported ones. Any
// number of VMs can be created from an image; their disks are copies and do not need it.
//
// Each image has a folder. An image exists if its folder has a row, which is written last.
// Any number of processes and goroutines can use the same home: changes are made under the
// image's lock, and concurrent requests for the same image wait.
//
// If files can share blocks, the disk created from an image is cached too. Its name contains
// the digest of its contents, which is verified at each use.
//
// An image can have a base: a snapshot of the disk created from it, for the first snapshots of
// VMs. Store.WriteBase adds it; the caller writes the file, as this package does not know the
// format. A base is a cache, and can be deleted at any time.
package cache

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/catalog"
	"vmterminal/vm/image/fetch"
)

// Errors that callers distinguish, wrapped with the name concerned.
var (
	ErrNotFound = errors.New("no such image in the cache")
	ErrExists   = errors.New("there is an image of that name")
	// ErrBroken means that an image in the cache cannot be used.
	ErrBroken = errors.New("the image is broken")
	// ErrChecksum means that a file does not match the published checksum.
	ErrChecksum = errors.New("the checksum does not match")
)

// Image describes an image in the cache.
type Image struct {
	Name    string `json:"name"`    // "debian:trixie", or the name of an imported image
	Version string `json:"version"` // for images from the catalog
	// Digest is the SHA-256 of the file in hexadecimal, Size its size in bytes.
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	// Sum is the published checksum.
	Sum      catalog.Sum      `json:"sum,omitzero"`
	Verified catalog.Verified `json:"verified"`
	Source   string           `json:"source"` // URL or path
	// Forced is set if the image was imported although its partition table needs a larger disk.
	Forced bool      `json:"forced,omitempty"`
	Added  time.Time `json:"added"`

	// Disk is the path of the cached disk whose blocks VMs share, or "".
	Disk string `json:"-"`
	// Base is the path of the image's base, or "".
	Base string `json:"-"`

	// Broken is nil if the image can be used; otherwise it usually wraps ErrBroken.
	Broken error `json:"-"`
}

// Store is the image cache in one home folder.
type Store struct {
	Home   home.Dir
	Client fetch.Client
	// Room, if set, returns an error if there is not enough free space in a folder.
	Room func(dir string, bytes int64) error
	// OnWait, if not nil, is called with the process that holds an image's lock, before
	// the Store waits for it.
	OnWait func(durable.Holder)
}

func (s *Store) roomCheck(dir home.ImageDir) func(bytes int64) error {
	return func(bytes int64) error {
		if s.Room == nil {
			return nil
		}
		return s.Room(string(dir), bytes)
	}
}

// Name returns the name of an image from the catalog.
func Name(distro, release string) string { return distro + ":" + release }

// IsRelease reports whether an image is of the given distribution and release. If release is "", any
// release matches.
func (m Image) IsRelease(distro, release string) bool {
	return m.Name == Name(distro, release) || release == "" && strings.HasPrefix(m.Name, Name(distro, ""))
}

// CheckName validates an image's name. The error, if any, wraps durable.ErrBadName.
func CheckName(name string) error {
	distro, release, ofCatalog := strings.Cut(name, ":")
	if err := durable.CheckName(distro); err != nil || !ofCatalog {
		return err
	}
	return durable.CheckName(release)
}

// dir returns an image's folder. The name must have passed CheckName, which rejects "@".
func (s *Store) dir(name string) home.ImageDir {
	return s.Home.Image(strings.Replace(durable.FoldName(name), ":", "@", 1))
}

// imageName returns the name of the image in a folder.
func imageName(dir home.ImageDir) string {
	return strings.Replace(filepath.Base(string(dir)), "@", ":", 1)
}

// Progress receives progress reports.
type Progress = image.Progress
