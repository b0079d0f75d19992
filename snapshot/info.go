package snapshot

import (
	"strings"
	"time"
	"unicode"

	"vmterminal/snapshot/gzfile"
)

// Taken is how the disk was held still; "" when that is not known.
type Taken string

// How a disk can be held still.
const (
	TakenStopped         Taken = "stopped"
	TakenFrozen          Taken = "frozen"           // file systems quiet
	TakenCrashConsistent Taken = "crash-consistent" // as after a power cut
)

// State is what List found of a snapshot.
type State string

// The states of a snapshot.
const (
	StateOK       State = "ok"
	StateImported State = "imported" // a file that was not taken here
	StateMissing  State = "missing"  // a row without a file
	StateDamaged  State = "damaged"  // its header or size does not hold, or Verify found it so
	StateNewer    State = "newer"    // of a format this version does not know
)

// Info describes a snapshot. Texts that came from a file have no control
// characters.
type Info struct {
	ID          string // "" if foreign
	Name        string // its file's name without the ending
	Description string
	VM          string // the VM it was taken of
	Created     time.Time
	// DiskSize is the disk's size in bytes, 0 when it is not known; Data is what
	// of it a restore writes, -1 when that is not known.
	DiskSize, Data int64
	// FileSize is the length of the file in bytes; Frees is how much of its file
	// system deleting it would free: not what it shares with other files.
	FileSize, Frees int64
	Digest          string // image digest, "" when it is not known
	Taken           Taken
	Held            time.Duration // how long the guest was held
	// Pinned snapshots are left alone by Prune.
	Pinned bool
	// Automatic snapshots were taken by a schedule, and still have the name that
	// they were given then.
	Automatic bool
	// VerifiedAt is when Verify last found all of it good, zero if never.
	VerifiedAt time.Time
	State      State
	// Problem says what is wrong, "" when nothing is.
	Problem string
	// Foreign files were made by another tool: they have no header of ours, and
	// are checked by CRC only.
	Foreign bool
}

// fromHeader is what a file of that name says of itself.
func fromHeader(h gzfile.Header, name string) Info {
	return Info{
		ID: plain(h.ID), Name: name, Description: plain(h.Description), VM: plain(h.VM), Created: h.Created.UTC(),
		DiskSize: h.Size, Data: h.Data, FileSize: h.FileSize, Digest: h.Digest,
		Taken: Taken(plain(h.Taken)), Held: time.Duration(h.HeldMicros) * time.Microsecond,
		Pinned: h.Pinned, Automatic: isGiven(h.Automatic, name),
	}
}

// isGiven tells whether a snapshot has the name that a schedule gave it. Who
// renames one, by whatever means, has made it theirs.
func isGiven(given, name string) bool { return given != "" && given == name }

// plain makes a text from a file safe to show.
func plain(s string) string {
	if isPlainASCII(s) { // most are
		return s
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func isPlainASCII(s string) bool {
	for at := range len(s) {
		if s[at] < ' ' || s[at] > '~' {
			return false
		}
	}
	return true
}
