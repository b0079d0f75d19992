// Package catalog finds the cloud images that Linux distributions publish: the newest
// image of a release, its checksum, and how it is verified. It queries the project's server
// each time.
//
// Checksums and images are verified with the projects' keys, which are embedded here (for
// Alpine, only the key's fingerprint). Debian signs nothing, so its checksums are only
// protected by TLS.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/image/fetch"
)

// Errors that callers distinguish.
var (
	// ErrUnknown means that there is no such distribution or release.
	ErrUnknown = errors.New("not in the catalog")
	// ErrSignature means that a file does not have a valid signature by its project.
	ErrSignature = errors.New("invalid signature")
	// ErrForm means that a file on a project's server has an unexpected format.
	ErrForm = errors.New("unexpected format")
)

// Verified is the way an image is verified.
type Verified string

// Values of [Verified].
const (
	// BySignature means that the image or its checksum is signed with a known key.
	BySignature Verified = "signature"
	// ByChecksum means that the checksum was received over TLS from the project's server.
	ByChecksum Verified = "checksum"
	// ByNothing means that there is no checksum.
	ByNothing Verified = "none"
)

// Offer is an image that a project currently offers.
type Offer struct {
	Distro, Release string // "debian", "trixie"
	// Version is the image's version; see Older for their order.
	Version  string
	Address  string
	Size     int64 // in bytes, 0 if unknown
	Sum      Sum
	Verified Verified
	// Signature is the signature of the image file itself, and Key the public key, both
	// armored; see CheckSignature. They are "" if the image file itself is not signed.
	Signature, Key string
}

// Distro is a distribution in the catalog.
type Distro struct {
	Name, About string
	find        func(context.Context, Catalog, string) (Offer, error)
}

// Distros returns the distributions in the catalog, sorted by name.
func Distros() []Distro {
	return []Distro{
		{"alpine", "Alpine Linux; releases are like 3.23", findAlpine},
		{"arch", "Arch Linux, which has no releases", findArch},
		{"debian", "Debian; releases are like trixie, 13, stable", findDebian},
		{"fedora", "Fedora Cloud; releases are like 44", findFedora},
		{"ubuntu", "Ubuntu Server; releases are like noble, 24.04", findUbuntu},
	}
}

// Catalog finds images. The zero value uses the projects' own servers.
type Catalog struct {
	Client fetch.Client
	// Keys maps names of distributions to keyrings that replace the embedded ones; for tests.
	Keys map[string][]byte
	// AlpineFingerprint replaces the fingerprint of Alpine's signing key; for tests.
	AlpineFingerprint string
}

// Find returns the image that a project currently offers for a release; "" means the newest
// stable release. The error, if any, wraps ErrUnknown if there is no such image, or
// ErrSignature or ErrForm if the project's files are invalid, or is a network error.
func (c Catalog) Find(ctx context.Context, distro, release string) (Offer, error) {
	var names []string
	for _, d := range Distros() {
		if d.Name == distro {
			if runtime.GOARCH != "amd64" {
				return Offer{}, fmt.Errorf("%w: there are no images for %s processors", ErrUnknown, runtime.GOARCH)
			}
			return d.find(ctx, c, release)
		}
		names = append(names, d.Name)
	}
	return Offer{}, &durable.UnknownNameError{Err: fmt.Errorf("%w: %.100q; there are %v", ErrUnknown, distro, names), Name: distro, Known: names}
}

// Has reports whether name is a distribution in the catalog.
func Has(name string) bool {
	return slices.ContainsFunc(Distros(), func(d Distro) bool { return durable.SameName(d.Name, name) })
}

// unknownReleaseError returns the error for a release that does not exist. err is the error
// from a request for it; unless err is nil or a status 404, it is returned instead.
func unknownReleaseError(distro, release string, err error) error {
	var status *fetch.Status
	if err != nil && (!errors.As(err, &status) || status.Code != http.StatusNotFound) {
		return err
	}
	return fmt.Errorf("%w: %s has no image of release %.100q", ErrUnknown, distro, release)
}

const (
	// maxList is the maximum size of a list of files or releases, in bytes.
	maxList = 64 << 20
	// maxNote is the maximum size of other files, in bytes.
	maxNote = 1 << 20
)
