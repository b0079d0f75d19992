package app

import (
	"encoding/json"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
)

// origin says which snapshots the disk, and the one kept for undo, come from.
// It only marks a place in a list: nothing rests on it, and a lost one means
// that no place is marked.
type origin struct {
	Disk mark `json:"disk"`
	Undo mark `json:"undo"`
	// Restored is what the restore brought that kept the disk for undo; later
	// snapshots change nothing about it.
	Restored mark `json:"restored,omitzero"`
	// File is the inode of the disk that is meant: a crash may have come between
	// the change of the disk and that of its marks.
	File uint64 `json:"file,omitempty"`
}

// mark names a snapshot: by its ID, or by its name if it is foreign.
type mark struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

func markOf(i snapshot.Info) mark { return mark{i.ID, i.Name} }

func (m mark) is(i snapshot.Info) bool {
	if m.ID != "" {
		return m.ID == i.ID
	}
	return m.Name != "" && i.ID == "" && ondisk.SameName(m.Name, i.Name)
}

func readOrigin(dir ondisk.VMDir) origin {
	var o origin
	data, err := os.ReadFile(dir.Origin())
	if err != nil || json.Unmarshal(data, &o) != nil {
		return origin{}
	}
	if disk, kept := snapshot.Open(dir).DiskFiles(); o.File != 0 && o.File == kept && o.File != disk {
		return origin{Undo: o.Disk} // of the other one nothing is known
	}
	return o
}

// write keeps the marks. The job lock is held.
func (o origin) write(dir ondisk.VMDir) {
	o.File, _ = snapshot.Open(dir).DiskFiles()
	_ = ondisk.ReplaceJSON(dir.Origin(), o)
}

// renameOrigin has the marks of a foreign snapshot, which has no ID, follow its
// name. The job lock is held.
func renameOrigin(dir ondisk.VMDir, was snapshot.Info, name string) {
	o := readOrigin(dir)
	changed := o
	for _, m := range []*mark{&changed.Disk, &changed.Undo, &changed.Restored} {
		if m.is(was) {
			m.Name = name
		}
	}
	if changed != o {
		changed.write(dir)
	}
}
