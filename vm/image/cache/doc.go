// Package cache keeps images on disk: those of the catalogue, once all of them is
// there and is what its project says, and those that were imported. Any number
// of VMs are made of one; they are copies, and need it no more.
//
// Each image has a folder, whose row is written last and decides whether there is
// one. Any number of processes and goroutines can use the same home: who changes
// an image holds its lock, and who wants the same meanwhile waits.
//
// Where files can share blocks, the disk that an image makes is kept too. It is a
// cache of the image, never believed unread: its name holds the digest of its content.
package cache

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image"
	"vmterminal/vm/image/catalogue"
	"vmterminal/vm/image/fetch"
)

// Errors that callers tell apart. They are wrapped with the name concerned.
var (
	ErrNotFound = errors.New("no such image is kept here")
	ErrExists   = errors.New("there is an image of that name")
	// ErrBroken says that an image cannot be used any more.
	ErrBroken = errors.New("the image is broken")
	// ErrChecksum says that a file is not the one whose checksum is told.
	ErrChecksum = errors.New("the checksum is not right")
)

// Image is an image that is kept.
type Image struct {
	Name    string `json:"name"`    // "debian:trixie", or as it was imported
	Version string `json:"version"` // of the catalogue's
	// Digest is the SHA-256 of the file, in hexadecimal; Size its bytes.
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	// Sum is what the project told.
	Sum      catalogue.Sum      `json:"sum,omitzero"`
	Verified catalogue.Verified `json:"verified"`
	Source   string             `json:"source"` // an address, or a path
	Added    time.Time          `json:"added"`

	// Disk is the path of the disk that is kept of it, whose blocks VMs share; "": none.
	Disk string `json:"-"`

	// Broken is why it cannot be used, as ErrBroken; nil of a sound one.
	Broken error `json:"-"`
}

// Store is the images of one home.
type Store struct {
	Home   ondisk.Home
	Client fetch.Client
	// Room is asked now and then whether a folder has room for more; nil: it has.
	Room func(dir string) error
	// Say gets a line about another process that is waited for; nil: nobody cares.
	Say func(string)
}

func (s *Store) room(dir ondisk.ImageDir) func() error {
	return func() error {
		if s.Room == nil {
			return nil
		}
		return s.Room(string(dir))
	}
}

// Name is what an image of the catalogue is called.
func Name(distro, release string) string { return distro + ":" + release }

// Is tells whether an image is of a system, and of a release, if one is told.
func (m Image) Is(distro, release string) bool {
	return m.Name == Name(distro, release) || release == "" && strings.HasPrefix(m.Name, Name(distro, ""))
}

// CheckName tells what is wrong with an image's name; it wraps ondisk.ErrBadName.
func CheckName(name string) error {
	distro, release, ofCatalogue := strings.Cut(name, ":")
	if err := ondisk.CheckName(distro); err != nil || !ofCatalogue {
		return err
	}
	return ondisk.CheckName(release)
}

// dir is an image's folder; CheckName has passed. No imported one has an "@".
func (s *Store) dir(name string) ondisk.ImageDir {
	return s.Home.Image(strings.Replace(ondisk.FoldName(name), ":", "@", 1))
}

// named is the name of the image that has a folder.
func named(dir ondisk.ImageDir) string {
	return strings.Replace(filepath.Base(string(dir)), "@", ":", 1)
}

func notFound(name string) error { return fmt.Errorf("%w: '%s'", ErrNotFound, name) }

// Progress is told how far the work is.
type Progress = image.Progress
