package wire

import (
	"fmt"
	"strings"
)

// Identity identifies the VM that a guest belongs to.
type Identity struct {
	// ID is unique to the VM and never changes.
	ID string `json:"id"`
	// Hostname is the hostname for the guest.
	Hostname string `json:"hostname"`
}

const (
	// MaxID is the maximum length of an Identity's ID in bytes.
	MaxID = 64
	// MaxHostname is the maximum length of a hostname in bytes, the same as for a DNS
	// label.
	MaxHostname = 63
)

// Check returns an error if i is invalid. The fields of a valid Identity are safe as
// words in command lines and files.
func (i Identity) Check() error {
	switch {
	case !IsID(i.ID):
		return fmt.Errorf("invalid VM ID %.80q", i.ID)
	case !isWord(i.Hostname, MaxHostname, "-."):
		return fmt.Errorf("invalid hostname %.80q", i.Hostname)
	}
	return nil
}

// IsID reports whether id is a valid ID of a VM.
func IsID(id string) bool { return isWord(id, MaxID, "-") }

// isWord reports whether s consists of ASCII letters, digits and marks, and neither
// starts nor ends with a mark.
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

// Values of IdentityResult.Change: how an Identity differs from the guest's previous Identity.
const (
	IdentitySame    = "same"    // no change: nothing was written
	IdentityFirst   = "first"   // the first identity
	IdentityRenamed = "renamed" // same VM, new name
	IdentityCopied  = "copied"  // another VM: the guest's disk is a copy
)

// IdentityResult reports what a guest has done since its boot to adopt an Identity.
type IdentityResult struct {
	// Change is one of the Identity constants.
	Change string `json:"found"`
	// Renewed lists what was renewed: "machine-id", "hostname", …
	Renewed []string `json:"renewed,omitempty"`
	// Notes say what could not be renewed, and why.
	Notes []string `json:"notes,omitempty"`
}
