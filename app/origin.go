package app

import (
	"os"
	"slices"
	"time"

	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// origin records which snapshots the disk and the undo disk come from. It is used for
// display, and to find the base of the first snapshot; without it, no snapshot is marked as current.
type origin struct {
	Disk snapshotRef `json:"disk"`
	Undo snapshotRef `json:"undo"`
	// Restored is the snapshot whose restore created the undo disk. Taking later snapshots does
	// not change it.
	Restored snapshotRef `json:"restored,omitzero"`
	// DiskState and UndoState are the states of the two disks at the time when they were
	// identical to the snapshots Disk and Undo; "" if they never were.
	DiskState string `json:"disk_state,omitempty"`
	UndoState string `json:"undo_state,omitempty"`
	// Source is the snapshot of another VM that a cloned disk comes from. A restore forgets it.
	Source sourceRef `json:"source,omitzero"`
	// File is the disk's inode number. The disk has a different one if a crash occurred between
	// changing the disk and writing the origin.
	File uint64 `json:"file,omitempty"`
}

// snapshotRef identifies a snapshot by its ID, or by its name if it is foreign.
type snapshotRef struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

func (m snapshotRef) matches(i snapshot.Info) bool {
	if m.ID != "" {
		return m.ID == i.ID
	}
	return m.Name != "" && i.ID == "" && durable.SameName(m.Name, i.Name)
}

func readOrigin(dir home.VMDir) origin {
	var o origin
	data, err := os.ReadFile(dir.Origin())
	if err != nil || durable.ParseJSON(dir.Origin(), data, &o) != nil {
		return origin{}
	}
	disk, undo := snapshot.Open(SnapshotPaths(dir)).DiskInodes()
	switch {
	case o.File == 0 || o.File == disk:
	case o.File == undo:
		return origin{Undo: o.Disk} // the other disk is unknown
	case o.DiskState != "": // a restore deleted that disk, because a snapshot holds its contents
		return origin{Undo: o.Undo, UndoState: o.UndoState, Restored: o.Restored}
	}
	return o
}

// write stores the origin. The caller must hold the job lock.
func (o origin) write(dir home.VMDir) {
	o.File, _ = snapshot.Open(SnapshotPaths(dir)).DiskInodes()
	_ = durable.UpdateJSON(dir.Origin(), o)
}

// renameOrigin updates references to a renamed foreign snapshot, which has no ID. The caller
// must hold the job lock.
func renameOrigin(dir home.VMDir, old snapshot.Info, name string) {
	o := readOrigin(dir)
	changed := o
	for _, m := range []*snapshotRef{&changed.Disk, &changed.Undo, &changed.Restored} {
		if m.matches(old) {
			m.Name = name
		}
	}
	if changed != o {
		changed.write(dir)
	}
}

// timestampResolution is longer than the timestamp resolution of common file systems.
const timestampResolution = 20 * time.Millisecond

// isRestored reports whether the disk is unchanged since the last restore or undo, and a
// snapshot holds its contents.
func (o origin) isRestored(store *snapshot.Store, list []snapshot.Info) bool {
	return o.DiskState != "" && o.DiskState == store.DiskState() && o.Disk.isIntactIn(list)
}

// undoAtRisk reports whether a restore would discard the undo disk although no snapshot holds
// its contents.
func (o origin) undoAtRisk(store *snapshot.Store, list []snapshot.Info) bool {
	undo := store.UndoState()
	isSaved := o.UndoState != "" && o.UndoState == undo && o.Undo.isIntactIn(list)
	return undo != "" && !isSaved && store.DiskState() != "" && !o.isRestored(store, list)
}

// isIntactIn reports whether the list contains the snapshot and does not mark it as damaged.
func (m snapshotRef) isIntactIn(list []snapshot.Info) bool {
	return slices.ContainsFunc(list, func(i snapshot.Info) bool {
		return m.matches(i) && (i.State == snapshot.StateOK || i.State == snapshot.StateImported)
	})
}
