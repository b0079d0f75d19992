package app

import (
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/vm/supervisor/client"
)

// Snapshot describes a snapshot. Sizes are in bytes.
type Snapshot struct {
	ID, Name, VM string
	// Description was written by a person. If it is empty, Purpose may say why the program took
	// the snapshot.
	Description        string
	Purpose            SnapshotPurpose
	Created            time.Time
	DiskSize, FileSize int64
	Digest             string
	// Taken says how the disk was kept consistent; it is "" if unknown.
	Taken SnapshotTaken
	// FrozenFor is how long the guest was frozen.
	FrozenFor time.Duration
	State     SnapshotState
	// Problem explains a State other than SnapshotOK and SnapshotImported; otherwise its code
	// is "". DamageFoundAt is when a verification found the damage, or zero.
	Problem       problem.Problem
	DamageFoundAt time.Time
	// Foreign snapshots are gzip files created by other programs; only their CRC is checked.
	Foreign bool
	// File is the snapshot's file.
	File string
	// Automatic snapshots were taken by the VM's schedule, which deletes the oldest of them.
	// Renaming makes a snapshot an ordinary one.
	Automatic bool
	// Pinned snapshots are not pruned. VerifiedAt is zero if the snapshot was never verified.
	Pinned     bool
	VerifiedAt time.Time
	// BootedAt is when VerifySnapshots last started a guest from it, or zero.
	BootedAt time.Time
	// Frees is the number of bytes that deleting only this snapshot frees.
	Frees int64
	// For a new snapshot, Reused is the number of bytes of its file that were copied from the
	// previous snapshot, Unread is the number of bytes of the disk that were not read because
	// the guest had not changed them, and Notes describes older snapshots that were found to be
	// damaged.
	Reused int64
	Unread int64
	Notes  []string
	// NotFrozen says why a new snapshot of a running VM is only crash-consistent.
	NotFrozen NotFrozen
	// DiskReplaced reports, for a new snapshot, that another file has replaced the disk file
	// that the running guest still uses.
	DiskReplaced bool
	// IsCurrent marks the snapshot that the current disk comes from, if known.
	IsCurrent bool
}

// SnapshotList holds the snapshots of one VM, newest first.
type SnapshotList struct {
	VM        string
	Snapshots []Snapshot
	// Notes describes repairs, one line each.
	Notes []string
	// Undo is the disk that the last restore replaced, or nil.
	Undo *UndoDisk
}

// UndoDisk describes the disk that an undo brings back: its size and used space in bytes, the
// time of the restore that kept it, and the name of the restored snapshot, or "" if unknown.
type UndoDisk struct {
	DiskSize, Used int64
	Since          time.Time
	Restored       string
	// AtRisk reports that a restore would discard this disk although no snapshot holds its
	// contents: the current disk would become the undo disk. See RestoreOptions.SaveUndo.
	AtRisk bool
	// Stays reports that a restore would keep this disk instead of the current disk, because
	// the current disk is unchanged since the last restore.
	Stays bool
}

// NewSnapshot describes a snapshot to take.
type NewSnapshot struct {
	Name, Description string
	Purpose           SnapshotPurpose
}

// SnapshotPurpose says why the program took a snapshot. It is stored in the snapshot, so the
// codes must not change.
type SnapshotPurpose = snapshot.Purpose

// The codes of a SnapshotPurpose. Earlier versions stored an English description instead.
const (
	PurposeAutomatic = "automatic" // Value is the interval, such as "30m"
	PurposeTry       = "try"       // Value is the command, perhaps shortened
	PurposeUndo      = "undo"      // Value is the snapshot that was restored before, or ""
)

// SnapshotPurposes are the codes of purposes that this version uses.
var SnapshotPurposes = []string{PurposeAutomatic, PurposeTry, PurposeUndo}

// RestoreOptions configures a restore or undo.
type RestoreOptions struct {
	// Stop stops a running VM first, by cutting its power if Force is set. Start starts the VM
	// afterwards.
	Stop, Force, Start bool
	// Lazy makes the restore return as soon as the VM can be started, if possible: the disk is
	// filled in while the VM runs, and completed before anything else needs it. Start implies
	// Lazy.
	Lazy bool
	// SaveUndo, if not empty, is the name of a snapshot that is first taken of the undo disk if
	// the undo disk is at risk.
	SaveUndo string
	// OnWarning, if not nil, is called before anything is changed.
	OnWarning func(RestoreWarning)
	// OnStop, if not nil, is called with each step of stopping the VM.
	OnStop func(StopStep)
}

// RestoreWarning is a consequence of a restore besides the changed contents of the disk.
type RestoreWarning struct {
	Code RestoreWarningCode
	// OldSize and NewSize are set for WarnSizeChanges: the sizes of the disk before and after,
	// in bytes. NewSize is 0 if it is not known yet.
	OldSize, NewSize int64
	// Undo is the undo disk; set for WarnUndoDeleted.
	Undo UndoDisk
}

// RestoreWarningCode is the code of a RestoreWarning.
type RestoreWarningCode string

// The values of RestoreWarningCode.
const (
	WarnSizeChanges RestoreWarningCode = "size_changes"
	WarnUndoDeleted RestoreWarningCode = "undo_deleted" // no snapshot holds its contents
)

// Restored is the result of a restore.
type Restored struct {
	Snapshot Snapshot
	// Undo is the file of the previous disk, or "" if there was none.
	Undo string
	// OldSize and NewSize are the sizes of the disk before and after, in bytes; OldSize is 0
	// if there was no disk.
	OldSize, NewSize int64
	// KeptBefore reports that Undo is the previous undo disk, because the replaced disk was
	// unchanged since the last restore.
	KeptBefore bool
	// Saved is the snapshot that was taken of the undo disk, or "".
	Saved string
	// Damage describes, in one line, damage to the snapshot's file outside the restored data,
	// or is "".
	Damage string
	// Lazy reports that the disk is still to be filled in.
	Lazy bool
	// CRCOnly is set for a foreign file.
	CRCOnly bool
}

// AutomaticName returns the name of an automatic snapshot taken at t.
func AutomaticName(t time.Time) string { return "auto-" + t.Format("20060102-150405") }

// SnapshotState is the condition of a snapshot's file.
type SnapshotState = snapshot.State

// The states of a snapshot.
const (
	SnapshotOK       = snapshot.StateOK
	SnapshotImported = snapshot.StateImported
	SnapshotMissing  = snapshot.StateMissing
	SnapshotDamaged  = snapshot.StateDamaged
	SnapshotNewer    = snapshot.StateNewer
)

// SnapshotTaken says how the disk was kept consistent while a snapshot was taken.
type SnapshotTaken = snapshot.Taken

// The ways to keep a disk consistent. With TakenCrashConsistent the guest continued to write,
// so that its file systems are as after a power failure.
const (
	TakenStopped         = snapshot.TakenStopped
	TakenFrozen          = snapshot.TakenFrozen
	TakenCrashConsistent = snapshot.TakenCrashConsistent
)

// UndoName returns the name of a snapshot of the undo disk taken at t.
func UndoName(t time.Time) string { return "undo-" + t.Format("20060102-150405") }

// NotFrozen says why the file systems of a running guest were not frozen while its disk was
// copied, so that the copy is only crash-consistent; "" if they were frozen.
type NotFrozen = client.NotFrozen

// The values of NotFrozen.
const (
	NotFrozenPaused  = client.NotFrozenPaused
	NotFrozenNoAgent = client.NotFrozenNoAgent
	NotFrozenRefused = client.NotFrozenRefused
	NotFrozenEarly   = client.NotFrozenThawedEarly
	NotFrozenNoThaw  = client.NotFrozenUnconfirmed
)

// QuickName returns the name of a quick snapshot taken at t.
func QuickName(t time.Time) string { return "quick-" + t.Format("20060102-150405") }
