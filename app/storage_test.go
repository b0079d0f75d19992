package app

import "testing"

func TestStorageCountsDiskUndoAndSnapshots(t *testing.T) {
	s := withDisk(t, []byte("a disk with something on it"))
	taken(t, s, "one")
	taken(t, s, "two")
	all, err := s.Storage(t.Context())
	if err != nil || len(all.VMs) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	v := all.VMs[0]
	if v.VM != "dev" || len(v.Snapshots) != 2 || v.Problem != "" {
		t.Errorf("%+v", v)
	}
	if v.Disk <= 0 || v.Files < 2*4096 || v.Undo != 0 || v.Takes() != v.Disk+v.Files {
		t.Errorf("disk %d, files %d, undo %d, all %d", v.Disk, v.Files, v.Undo, v.Takes())
	}
	if all.Free <= 0 || all.Total < all.Free {
		t.Errorf("free %d of %d", all.Free, all.Total)
	}
}
