package snapshot

import (
	"strings"
	"time"
	"unicode"

	"vmterminal/snapshot/gzfile"
)

// Taken is the state of the guest when a snapshot was created, or "" if it is unknown.
type Taken string

// The states of a guest.
const (
	TakenStopped         Taken = "stopped"
	TakenFrozen          Taken = "frozen"           // running, with frozen file systems
	TakenCrashConsistent Taken = "crash-consistent" // running; consistent as after a power cut
)

// State is the condition of a snapshot in a list.
type State string

// The states of a snapshot.
const (
	StateOK       State = "ok"
	StateImported State = "imported" // a good file that was not created here
	StateMissing  State = "missing"  // a row without a file
	StateDamaged  State = "damaged"  // its header or size is wrong, or Verify found damage
	StateNewer    State = "newer"    // in a format that this version does not know
)

// Info describes a snapshot. Texts from files contain no control characters.
type Info struct {
	ID          string // "" if foreign
	Name        string // the name of its file without FileSuffix
	Description string
	Purpose     Purpose
	VM          string // the VM that it was created from
	Created     time.Time
	// DiskSize is the disk's size in bytes, or 0 if unknown. Data is how much of it a
	// restore writes, or -1 if unknown.
	DiskSize, Data int64
	// FileSize is the length of the file in bytes. Frees is how much space deleting it
	// would free, which excludes blocks shared with other files.
	FileSize, Frees int64
	Digest          string // image digest, or "" if unknown
	Taken           Taken
	FrozenFor       time.Duration // how long the guest was paused
	// Pinned snapshots are never deleted by Prune.
	Pinned bool
	// Automatic means that a schedule created the snapshot, and that it was not renamed.
	Automatic bool
	// VerifiedAt is when Verify last found the whole file good, or zero if never.
	VerifiedAt time.Time
	// BootedAt is when RecordBoot was last called, or zero if never.
	BootedAt time.Time
	State    State
	// Problem says what is wrong with a damaged, missing or newer snapshot; otherwise it is
	// nil. DamageFoundAt is when Verify found the damage, or zero if it is found each time.
	Problem       error
	DamageFoundAt time.Time
	// Foreign means that another tool created the file, which has no header of ours and
	// only a CRC.
	Foreign bool
}

// infoFromHeader describes the file of the snapshot called name by its header.
func infoFromHeader(h gzfile.Header, name string) Info {
	return Info{
		ID: sanitizeText(h.ID), Name: name, Description: sanitizeText(h.Description), Purpose: sanitizePurpose(h.Purpose), VM: sanitizeText(h.VM), Created: h.Created.UTC(),
		DiskSize: h.Size, Data: h.Data, FileSize: h.FileSize, Digest: h.Digest,
		Taken: Taken(sanitizeText(h.Taken)), FrozenFor: time.Duration(h.FrozenMicros) * time.Microsecond,
		Pinned: h.Pinned, Automatic: h.Automatic != "" && h.Automatic == name,
	}
}

// Purpose says why the program took a snapshot. It is zero if a person took or described it.
// The codes are defined by the caller of Create.
type Purpose = gzfile.Purpose

func sanitizePurpose(p Purpose) Purpose {
	return Purpose{Code: sanitizeText(p.Code), Value: sanitizeText(p.Value)}
}

// sanitizeText makes a text from a file safe to show.
func sanitizeText(s string) string {
	if isPlainASCII(s) { // the common case
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
