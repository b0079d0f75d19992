package cli

import (
	"time"

	"vmterminal/app"
)

// The view types define the JSON output documented in docs/json.md; a test compares them with
// that page. Within a schema version, fields are added but never renamed.

type vmView struct {
	Name              string          `json:"name"`
	Active            bool            `json:"active"`
	State             string          `json:"state"`
	Temporary         bool            `json:"temporary,omitempty"`
	Problem           string          `json:"problem,omitempty"`
	Doing             string          `json:"doing,omitempty"`
	Image             string          `json:"image"`
	UEFI              bool            `json:"uefi"`
	CPUs              int             `json:"cpus"`
	MemoryMB          int             `json:"memory_mb"`
	DiskSize          int64           `json:"disk_size"`
	DiskUsed          int64           `json:"disk_used"`
	UndoUsed          int64           `json:"undo_used"`
	Snapshots         int             `json:"snapshots"`
	LastSnapshot      *time.Time      `json:"last_snapshot,omitempty"`
	Created           time.Time       `json:"created"`
	Folder            string          `json:"folder"`
	Accel             string          `json:"accel"`
	Isolated          bool            `json:"isolated"`
	Forwards          []forwardView   `json:"forwards,omitempty"`
	OldForwards       []forwardView   `json:"old_forwards,omitempty"`
	Shares            []shareView     `json:"shares,omitempty"`
	Accelerator       string          `json:"accelerator,omitempty"`
	Why               string          `json:"accelerator_why,omitempty"`
	AcceleratorReason string          `json:"accelerator_reason,omitempty"`
	Since             *time.Time      `json:"since,omitempty"`
	Addresses         []string        `json:"addresses,omitempty"`
	Agent             bool            `json:"agent"`
	CPUSeconds        float64         `json:"cpu_seconds,omitempty"`
	MemoryUsed        int64           `json:"memory_used,omitempty"`
	PauseReason       string          `json:"pause_reason,omitempty"`
	Left              string          `json:"left,omitempty"`
	LeftAt            *time.Time      `json:"left_at,omitempty"`
	ExitReason        *exitReasonView `json:"exit_reason,omitempty"`

	Filling *fillingView `json:"filling,omitempty"` // nil unless the disk is lazy

	Automatic *automaticView `json:"automatic,omitempty"` // schedule of automatic snapshots; nil if off
}

// vmDocument returns the JSON result of a command on one VM.
func vmDocument(v app.VM) any {
	return struct {
		Schema int `json:"schema"`
		vmView
	}{schema, vmJSON(v)}
}

func vmJSON(v app.VM) vmView {
	return vmView{
		Name: v.Name, Active: v.Active, State: string(v.State), Temporary: v.Temporary, Problem: problemText(v), Doing: activityText(v.Activity),
		Image: v.Image, UEFI: v.UEFI, CPUs: v.CPUs, MemoryMB: v.MemoryMB,
		DiskSize: v.DiskSize, DiskUsed: v.DiskUsed, UndoUsed: v.UndoUsed,
		Snapshots: v.Snapshots, LastSnapshot: utcOrNil(v.LastSnapshot), Created: v.Created.UTC(), Folder: v.Dir,
		Accel: v.Accel, Isolated: v.Isolated, Forwards: forwardsJSON(v), OldForwards: oldForwardsJSON(v), Shares: sharesJSON(v.Shares), Accelerator: v.Accelerator, Why: acceleratorText(v), AcceleratorReason: string(v.AcceleratorReason.Code), Since: utcOrNil(v.Since),
		Addresses: v.Addresses, Agent: v.Agent, CPUSeconds: v.CPUTime.Seconds(), MemoryUsed: v.MemoryUsed,
		PauseReason: string(v.PauseReason.Code), Left: exitText(v), LeftAt: utcOrNil(v.ExitedAt), ExitReason: exitReasonJSON(v.ExitReason),
		Filling: fillingJSON(v.Filling), Automatic: automaticJSON(v.Automatic),
	}
}

type fillingView struct {
	Source  string `json:"source"`
	Done    int64  `json:"done"`
	Total   int64  `json:"total"`
	Problem string `json:"problem,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// fillingJSON returns the JSON form of f, or nil if f is nil.
func fillingJSON(f *app.Filling) *fillingView {
	if f == nil {
		return nil
	}
	return &fillingView{f.Source, f.Done, f.Total, string(f.Problem.Code), f.Problem.Detail}
}

type snapshotView struct {
	ID          string     `json:"id,omitempty"`
	Name        string     `json:"name"`
	VM          string     `json:"vm"`
	Description string     `json:"description,omitempty"`
	Purpose     string     `json:"purpose,omitempty"`
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
	BootedAt    *time.Time `json:"booted_at,omitempty"`
	Frees       int64      `json:"frees"`
	// Reused, Unread and NotFrozen are set only for a snapshot that was just taken; see
	// app.Snapshot.
	Reused    int64  `json:"reused,omitempty"`
	Unread    int64  `json:"unread,omitempty"`
	NotFrozen string `json:"not_frozen,omitempty"`

	Here bool   `json:"here"`
	File string `json:"file"`
}

func snapshotJSON(s app.Snapshot) snapshotView {
	return snapshotView{
		ID: s.ID, Name: s.Name, VM: s.VM, Description: descriptionText(s), Purpose: s.Purpose.Code, Created: utcOrNil(s.Created),
		DiskSize: s.DiskSize, FileSize: s.FileSize, Digest: s.Digest,
		Taken: string(s.Taken), HeldMicros: s.FrozenFor.Microseconds(),
		State: string(s.State), Problem: snapshotProblemText(s), Foreign: s.Foreign, Pinned: s.Pinned, Automatic: s.Automatic,
		VerifiedAt: utcOrNil(s.VerifiedAt), BootedAt: utcOrNil(s.BootedAt), Frees: s.Frees, Reused: s.Reused, Unread: s.Unread, NotFrozen: string(s.NotFrozen), Here: s.IsCurrent, File: s.File,
	}
}

type undoView struct {
	DiskSize int64      `json:"disk_size"`
	Used     int64      `json:"used"`
	Since    *time.Time `json:"since,omitempty"`
	AtRisk   bool       `json:"at_risk"`
}

// undoJSON returns the JSON form of an undo disk, or nil if k is nil.
func undoJSON(k *app.UndoDisk) *undoView {
	if k == nil {
		return nil
	}
	return &undoView{k.DiskSize, k.Used, utcOrNil(k.Since), k.AtRisk}
}
