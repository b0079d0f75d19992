// Package problem describes failures as data: a code, the operation that failed, the state it
// left the disk in, and an exit code. It contains no texts for users and no command lines: each
// front end renders a Problem in its own words. It imports no other package of this module, so
// that every front end can use it.
package problem

import (
	"fmt"
	"slices"
	"strings"
)

// A Problem is the failure of an operation. It is also the form in which failures are stored,
// so its JSON names and its codes must not change.
type Problem struct {
	// Code says why the operation failed; Unknown if the error has no code.
	Code Code `json:"code"`
	// Args are the arguments of Code.
	Args Args `json:"args,omitzero"`
	// Operation is the operation that failed; it is zero if unknown.
	Operation Operation `json:"operation,omitzero"`
	// Disk lists what the failure left behind, most important first.
	Disk []State `json:"disk,omitempty"`
	// Tools lists the programs that must be installed, if Code is ToolMissing, by their names
	// in package doctor.
	Tools []string `json:"tools,omitempty"`
	// DidYouMean is the existing name that was most likely meant by a misspelled one.
	DidYouMean string `json:"did_you_mean,omitempty"`
	// If Code is VMBusy, Holder is the process that uses the VM or image, if known. If Code is
	// WrongState, it is the process that did not stop when its job was canceled.
	Holder Holder `json:"holder,omitzero"`
	// Cause is the error's own text, in English, on one line. It is empty if Code says
	// everything.
	Cause string `json:"cause,omitempty"`
	// Exit is the exit code of a command that fails with the problem.
	Exit int `json:"exit"`
}

// Args are the arguments of a Code. Fields that the code does not use, or that are unknown, are
// zero.
type Args struct {
	// Path is the file or folder that could not be used, and Line is the line in it, from 1.
	Path string `json:"path,omitempty"`
	Line int    `json:"line,omitempty"`
	// Needed and Free are sizes in bytes. They are set for NoSpace.
	Needed int64 `json:"needed,omitempty"`
	Free   int64 `json:"free,omitempty"`
	// DamagedMiB is the number of the first damaged MiB, from 1. It is set for SnapshotDamaged.
	DamagedMiB int64 `json:"damaged_mib,omitempty"`
}

// String formats the problem for logs, such as
// "snapshot_restore vm=dev snapshot=base: vm_running: VM is running (disk_unchanged)".
func (p Problem) String() string {
	var b strings.Builder
	if p.Operation.Code != "" {
		fmt.Fprintf(&b, "%v: ", p.Operation)
	}
	b.WriteString(string(p.Code))
	if p.Cause != "" {
		b.WriteString(": " + p.Cause)
	}
	for _, s := range p.Disk {
		fmt.Fprintf(&b, " (%s)", s.Code)
	}
	return b.String()
}

// Map returns p with f applied to every text in it, including the codes.
func (p Problem) Map(f func(string) string) Problem {
	p.Code, p.Operation, p.Cause = Code(f(string(p.Code))), p.Operation.Map(f), f(p.Cause)
	p.DidYouMean, p.Tools, p.Args.Path = f(p.DidYouMean), mapSlice(p.Tools, f), f(p.Args.Path)
	p.Holder.Activity, p.Holder.Name = f(p.Holder.Activity), f(p.Holder.Name)
	p.Disk = mapSlice(p.Disk, func(s State) State {
		s.Code, s.Detail = StateCode(f(string(s.Code))), f(s.Detail)
		return s
	})
	return p
}

func mapSlice[T any](list []T, f func(T) T) []T {
	list = slices.Clone(list)
	for i := range list {
		list[i] = f(list[i])
	}
	return list
}

// A Holder is a process that holds a lock. Activity is the code of what it does, and Name is
// the name of what it works on; see package durable.
type Holder struct {
	PID      int    `json:"pid"`
	Activity string `json:"activity,omitempty"`
	Name     string `json:"name,omitempty"`
}

// A State is one fact about what a failure left behind.
type State struct {
	Code StateCode `json:"code"`
	// Detail is an error's text, Count is a number of items, and Bytes is a size. Fields that
	// the code does not use are zero.
	Detail string `json:"detail,omitempty"`
	Count  int    `json:"count,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`
}

// StateCode says what a failure left behind.
type StateCode string

// The state codes.
const (
	DiskUnchanged    StateCode = "disk_unchanged"
	DiskRestored     StateCode = "disk_restored" // the disk is the snapshot's; the previous disk is kept
	DiskUndone       StateCode = "disk_undone"   // the disk is the previous one; the replaced disk is kept
	NoSnapshotAdded  StateCode = "no_snapshot_added"
	NothingAdded     StateCode = "nothing_added"
	NothingChanged   StateCode = "nothing_changed"
	NothingCopied    StateCode = "nothing_copied"
	NothingCreated   StateCode = "nothing_created"
	NothingDeleted   StateCode = "nothing_deleted"
	NothingWritten   StateCode = "nothing_written"
	SnapshotsKept    StateCode = "snapshots_kept"    // none was deleted
	SnapshotsDeleted StateCode = "snapshots_deleted" // Count snapshots were deleted before the failure
	SettingsKept     StateCode = "settings_kept"
	NotDurable       StateCode = "not_durable"   // done, but a power failure may undo it
	DownloadKept     StateCode = "download_kept" // Bytes were received; the next attempt continues there
	VMOff            StateCode = "vm_off"        // Detail says why it was not started again
	VMCreated        StateCode = "vm_created"    // but what should follow has failed
	VMFilesRemain    StateCode = "vm_files_remain"
	VMFolderRemains  StateCode = "vm_folder_remains"
	VMRemainsSwept   StateCode = "vm_remains_swept" // the next creation of a VM removes them
	AutomaticSkipped StateCode = "automatic_skipped"
	OldOnesRemain    StateCode = "old_ones_remain" // an automatic snapshot was taken, but old ones were not deleted
)

// States lists all state codes.
func States() []StateCode {
	return []StateCode{
		DiskUnchanged, DiskRestored, DiskUndone, NoSnapshotAdded, NothingAdded, NothingChanged, NothingCopied,
		NothingCreated, NothingDeleted, NothingWritten, SnapshotsKept, SnapshotsDeleted, SettingsKept, NotDurable,
		DownloadKept, VMOff, VMCreated, VMFilesRemain, VMFolderRemains, VMRemainsSwept, AutomaticSkipped, OldOnesRemain,
	}
}

// Line joins a title, its detail and further sentences into one line and omits empty parts:
// "Could not start: VM is running. The disk is unchanged."
func Line(title, detail string, sentences ...string) string {
	var b strings.Builder
	b.WriteString(title)
	if detail != "" {
		b.WriteString(": " + detail)
	}
	for _, s := range sentences {
		if s == "" {
			continue
		}
		if !strings.HasSuffix(b.String(), ".") && !strings.HasSuffix(b.String(), "?") {
			b.WriteByte('.')
		}
		b.WriteString(" " + s)
	}
	return b.String()
}
