package app

import (
	"time"

	"vmterminal/snapshot"
)

// Snapshot is one snapshot as faces show it. Sizes are bytes.
type Snapshot struct {
	ID, Name, Description, VM string
	Created                   time.Time
	DiskSize, FileSize        int64
	Digest                    string
	// Taken is "stopped", "frozen", "crash-consistent", or "" when not known.
	Taken string
	// Held is how long the guest was held.
	Held time.Duration
	// State is "ok", "imported", "missing", "damaged" or "newer"; Problem is one line about it.
	State, Problem string
	// Foreign is a gzip file not made here: it can be checked by CRC only.
	Foreign bool
	// File is the snapshot's file.
	File string
	// Automatic snapshots were taken by the VM's schedule and have not been
	// renamed since; it deletes the oldest of them.
	Automatic bool
	// Pinned snapshots are not pruned. VerifiedAt is zero if it was never verified.
	Pinned     bool
	VerifiedAt time.Time
	// Frees is how many bytes deleting it alone would give back.
	Frees int64
	// Of one just taken: how many bytes of its file were taken over from the one
	// before, how many of the disk's data were not even read, as the guest had not
	// changed them, and sentences about older ones that were found damaged.
	Reused int64
	Unread int64
	Notes  []string
	// Here marks the snapshot that the present disk comes from, where that is known.
	Here bool
}

// SnapshotList is the snapshots of one VM, newest first.
type SnapshotList struct {
	VM        string
	Snapshots []Snapshot
	// Notes tell what was found amiss and mended, a line each.
	Notes []string
	// Undo is the disk that the last restore replaced, nil if none is kept.
	Undo *Kept
}

// Kept is a disk that is kept for undo: its size in bytes, what it takes up of
// its file system, since when it is kept, and the snapshot that took its place,
// "" if that is not known.
type Kept struct {
	DiskSize, Used int64
	Since          time.Time
	Restored       string
}

// NewSnapshot asks for a snapshot.
type NewSnapshot struct {
	Name, Description string
}

// RestoreOptions says what else a restore may do.
type RestoreOptions struct {
	// Stop stops a running VM first, with Force by cutting its power; Start starts
	// it afterwards.
	Stop, Force, Start bool
	// Say gets a line for each step outside the engine ("Stopping 'dev'…"), and
	// before anything else one about a disk whose size will change. May be nil.
	Say func(string)
}

// Restored is what a restore gives.
type Restored struct {
	Snapshot Snapshot
	// Undo is the file that keeps the disk as it was before, "" if there was none.
	Undo string
	// OldSize is the size of the disk before, in bytes, 0 if there was none;
	// NewSize is its size now.
	OldSize, NewSize int64
	// CRCOnly is true for a foreign file.
	CRCOnly bool
}

// AutomaticName is the name of an automatic snapshot taken at t.
func AutomaticName(t time.Time) string { return "auto-" + t.Format("20060102-150405") }

// TakenCrashConsistent is how a snapshot of a running VM was taken whose guest
// did not answer: as after a power cut.
const TakenCrashConsistent = string(snapshot.TakenCrashConsistent)

// QuickName is the name of a quick snapshot taken at t.
func QuickName(t time.Time) string { return "quick-" + t.Format("20060102-150405") }
