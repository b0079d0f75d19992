// Package catalogue knows where the projects publish images of their systems, and
// finds out, each time anew, which one is the newest, what its checksum is, and who
// vouches for that.
//
// It trusts no server further than what is signed with a key that is embedded here
// (of Ubuntu and Fedora), or, where a project signs nothing that can be checked
// with a key of Debian's packages, than TLS.
package catalogue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image/fetch"
)

// Errors that callers tell apart.
var (
	// ErrUnknown says that there is no such system or release.
	ErrUnknown = errors.New("not in the catalogue")
	// ErrSignature says that a project's file is not signed by the project.
	ErrSignature = errors.New("the signature is not right")
	// ErrForm says that a project's file is not as it is known here.
	ErrForm = errors.New("not as expected")
)

// Verified says what vouches for an image.
type Verified string

// What can vouch for an image.
const (
	// BySignature is a checksum that is signed with a key known here.
	BySignature Verified = "signature"
	// ByChecksum is a checksum that came over TLS from the project's server.
	ByChecksum Verified = "checksum"
	// ByNothing is a file that came without any.
	ByNothing Verified = "none"
)

// Offer is an image as a project offers it now.
type Offer struct {
	Distro, Release string // "debian", "trixie"
	// Version is of the image, and grows from one to the next; see Older.
	Version  string
	Address  string
	Size     int64 // in bytes, 0 if it is not told
	Sum      Sum
	Verified Verified
	// Signature is one of the image's bytes themselves, and Key the public key that
	// it is by, both armored: see CheckSignature. "" where the sum is what is signed,
	// or nothing is.
	Signature, Key string
}

// Distro is a system in the catalogue.
type Distro struct {
	Name, About string
	find        func(context.Context, Catalogue, string) (Offer, error)
}

// Distros is the catalogue, by name.
func Distros() []Distro {
	return []Distro{
		{"alpine", "Alpine Linux; releases are like 3.23", findAlpine},
		{"arch", "Arch Linux, which has no releases", findArch},
		{"debian", "Debian; releases are like trixie, 13, stable", findDebian},
		{"fedora", "Fedora Cloud; releases are like 44", findFedora},
		{"ubuntu", "Ubuntu Server; releases are like noble, 24.04", findUbuntu},
	}
}

// Catalogue finds images. The zero value asks the projects' own servers.
type Catalogue struct {
	Client fetch.Client
	// Keys replaces embedded keyrings, by the system's name; for tests.
	Keys map[string][]byte
	// AlpineFingerprint replaces that of the key which Alpine's images are signed
	// with; for tests.
	AlpineFingerprint string
}

// Find returns what a project offers now of a release; "" means its newest one
// that is stable. ErrUnknown wraps what is not there; the others are the network's,
// or say that the project's files are not right.
func (c Catalogue) Find(ctx context.Context, distro, release string) (Offer, error) {
	var names []string
	for _, d := range Distros() {
		if d.Name == distro {
			if runtime.GOARCH != "amd64" {
				return Offer{}, fmt.Errorf("%w: nothing for %s processors", ErrUnknown, runtime.GOARCH)
			}
			return d.find(ctx, c, release)
		}
		names = append(names, d.Name)
	}
	return Offer{}, fmt.Errorf("%w: %.100q; there are %v%s", ErrUnknown, distro, names, ondisk.DidYouMean(distro, names))
}

// Has tells whether a name is a system's in the catalogue.
func Has(name string) bool {
	return slices.ContainsFunc(Distros(), func(d Distro) bool { return ondisk.SameName(d.Name, name) })
}

// unknown is the error of a release that is not there. What was asked of the
// server for it may have said so.
func unknown(distro, release string, err error) error {
	var status *fetch.Status
	if err != nil && (!errors.As(err, &status) || status.Code != http.StatusNotFound) {
		return err
	}
	return fmt.Errorf("%w: %s has no image of release %.100q", ErrUnknown, distro, release)
}

const (
	// maxList is the largest list of files, or of releases, in bytes.
	maxList = 64 << 20
	// maxNote is the largest other file.
	maxNote = 1 << 20
)
