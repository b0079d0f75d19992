package cli

import (
	"time"

	"vmterminal/app"
)

// The views are what --json writes, as JSON.md describes it for those who read it;
// tests hold the two together. Fields are added, never renamed, within one schema.

type vmView struct {
	Name         string        `json:"name"`
	Active       bool          `json:"active"`
	State        string        `json:"state"`
	Problem      string        `json:"problem,omitempty"`
	Doing        string        `json:"doing,omitempty"`
	Image        string        `json:"image"`
	UEFI         bool          `json:"uefi"`
	CPUs         int           `json:"cpus"`
	MemoryMB     int           `json:"memory_mb"`
	DiskSize     int64         `json:"disk_size"`
	DiskUsed     int64         `json:"disk_used"`
	UndoUsed     int64         `json:"undo_used"`
	Snapshots    int           `json:"snapshots"`
	LastSnapshot *time.Time    `json:"last_snapshot,omitempty"`
	Created      time.Time     `json:"created"`
	Folder       string        `json:"folder"`
	Accel        string        `json:"accel"`
	Isolated     bool          `json:"isolated"`
	Forwards     []forwardView `json:"forwards,omitempty"`
	OldForwards  []forwardView `json:"old_forwards,omitempty"`
	Shares       []shareView   `json:"shares,omitempty"`
	Accelerator  string        `json:"accelerator,omitempty"`
	Why          string        `json:"accelerator_why,omitempty"`
	Since        *time.Time    `json:"since,omitempty"`
	Addresses    []string      `json:"addresses,omitempty"`
	Agent        bool          `json:"agent"`
	CPUSeconds   float64       `json:"cpu_seconds,omitempty"`
	MemoryUsed   int64         `json:"memory_used,omitempty"`
	Left         string        `json:"left,omitempty"`
	LeftAt       *time.Time    `json:"left_at,omitempty"`

	Automatic *automaticView `json:"automatic,omitempty"` // snapshots; absent: off
}

// vmDocument is one VM as a whole result.
func vmDocument(v app.VM) any {
	return struct {
		Schema int `json:"schema"`
		vmView
	}{schema, vmJSON(v)}
}

func vmJSON(v app.VM) vmView {
	return vmView{
		Name: v.Name, Active: v.Active, State: string(v.State), Problem: v.Problem, Doing: v.Doing,
		Image: v.Image, UEFI: v.UEFI, CPUs: v.CPUs, MemoryMB: v.MemoryMB,
		DiskSize: v.DiskSize, DiskUsed: v.DiskUsed, UndoUsed: v.UndoUsed,
		Snapshots: v.Snapshots, LastSnapshot: utc(v.LastSnapshot), Created: v.Created.UTC(), Folder: v.Dir,
		Accel: v.Accel, Isolated: v.Isolated, Forwards: forwardsJSON(v), OldForwards: oldForwardsJSON(v), Shares: sharesJSON(v.Shares), Accelerator: v.Accelerator, Why: v.AcceleratorWhy, Since: utc(v.Since),
		Addresses: v.Addresses, Agent: v.Agent, CPUSeconds: v.CPUTime.Seconds(), MemoryUsed: v.MemoryUsed,
		Left: v.Left, LeftAt: utc(v.LeftAt),
		Automatic: automaticJSON(v.Automatic),
	}
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

type snapshotView struct {
	ID          string     `json:"id,omitempty"`
	Name        string     `json:"name"`
	VM          string     `json:"vm"`
	Description string     `json:"description,omitempty"`
	Created     *time.Time `json:"created,omitempty"`
	DiskSize    int64      `json:"disk_size"`
	FileSize    int64      `json:"file_size"`
	Digest      string     `json:"digest,omitempty"`
	Taken       string     `json:"taken,omitempty"`
	HeldMicros  int64      `json:"held_us"`
	State       string     `json:"state"`
	Problem     string     `json:"problem,omitempty"`
	Foreign     bool       `json:"foreign"`
	Pinned      bool       `json:"pinned"`
	Automatic   bool       `json:"automatic"`
	VerifiedAt  *time.Time `json:"verified_at,omitempty"`
	Frees       int64      `json:"frees"`
	// Of one just taken; see app.Snapshot.
	Reused int64 `json:"reused,omitempty"`
	Unread int64 `json:"unread,omitempty"`

	Here bool   `json:"here"`
	File string `json:"file"`
}

func snapshotJSON(s app.Snapshot) snapshotView {
	return snapshotView{
		ID: s.ID, Name: s.Name, VM: s.VM, Description: s.Description, Created: utc(s.Created),
		DiskSize: s.DiskSize, FileSize: s.FileSize, Digest: s.Digest,
		Taken: s.Taken, HeldMicros: s.Held.Microseconds(),
		State: s.State, Problem: s.Problem, Foreign: s.Foreign, Pinned: s.Pinned, Automatic: s.Automatic,
		VerifiedAt: utc(s.VerifiedAt), Frees: s.Frees, Reused: s.Reused, Unread: s.Unread, Here: s.Here, File: s.File,
	}
}

type undoView struct {
	DiskSize int64      `json:"disk_size"`
	Used     int64      `json:"used"`
	Since    *time.Time `json:"since,omitempty"`
}

// undoJSON is nil if nothing is kept.
func undoJSON(k *app.Kept) *undoView {
	if k == nil {
		return nil
	}
	return &undoView{k.DiskSize, k.Used, utc(k.Since)}
}
