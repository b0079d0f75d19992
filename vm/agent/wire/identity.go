package wire

import (
	"fmt"
	"strings"
)

// Identity is which VM a guest belongs to.
type Identity struct {
	// ID names the VM for as long as it exists, and no other.
	ID string `json:"id"`
	// Hostname is what the guest is to be called.
	Hostname string `json:"hostname"`
}

const (
	// MaxID bounds an Identity's ID, in bytes.
	MaxID = 64
	// MaxHostname bounds a hostname, in bytes: the longest label in DNS; Linux
	// would allow one more.
	MaxHostname = 63
)

// Check refuses what cannot be an identity. What passes is safe as a word of a
// command line or of a file.
func (i Identity) Check() error {
	switch {
	case !IsID(i.ID):
		return fmt.Errorf("%.80q is no ID of a VM", i.ID)
	case !isWord(i.Hostname, MaxHostname, "-."):
		return fmt.Errorf("%.80q is no hostname", i.Hostname)
	}
	return nil
}

// IsID tells whether id can be a VM's.
func IsID(id string) bool { return isWord(id, MaxID, "-") }

// isWord tells whether s has letters, digits and, inside, the marks given.
func isWord(s string, limit int, marks string) bool {
	if s == "" || len(s) > limit || strings.Trim(s, marks) != s {
		return false
	}
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune(marks, r) {
			return false
		}
	}
	return true
}

// What a guest found its Identity to be.
const (
	// IdentitySame is the one that it has: nothing was written.
	IdentitySame = "same"
	// IdentityFirst is the first that it was told.
	IdentityFirst = "first"
	// IdentityRenamed is the same VM under another name.
	IdentityRenamed = "renamed"
	// IdentityCopied is another VM's: the guest's disk is a copy.
	IdentityCopied = "copied"
)

// Identified is what a guest did to take on an Identity since it booted.
type Identified struct {
	// Found is one of the Identity constants.
	Found string `json:"found"`
	// Renewed names what is new: "machine-id", "hostname", …
	Renewed []string `json:"renewed,omitempty"`
	// Notes say what could not be renewed, and why.
	Notes []string `json:"notes,omitempty"`
}
