package app

import (
	"os"
	"testing"
)

// TestWhatTheLastRestoreBrought is the name of the snapshot that took the place
// of the kept disk: later snapshots do not change it, a rename does, and it is
// not claimed of a disk that another restore kept.
func TestWhatTheLastRestoreBrought(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	ended := func(job *Job, err error) {
		t.Helper()
		if err == nil {
			err = job.Wait(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	restore := func(name string) { t.Helper(); ended(s.RestoreSnapshot(t.Context(), "dev", name, RestoreOptions{})) }
	is := func(when, want string) {
		t.Helper()
		list, err := s.Snapshots(t.Context(), "dev")
		if err != nil || list.Undo == nil || list.Undo.Restored != want {
			t.Errorf("%s: %+v, %v; want %q", when, list.Undo, err, want)
		}
	}
	taken(t, s, "a")
	restore("a")
	is("restored", "a")
	taken(t, s, "b")
	is("another snapshot since", "a")
	if err := s.RenameSnapshot(t.Context(), "dev", "a", "c"); err != nil {
		t.Fatal(err)
	}
	is("renamed", "c")
	if err := s.DeleteSnapshot(t.Context(), "dev", "b"); err != nil {
		t.Fatal(err)
	}
	ended(s.UndoRestore(t.Context(), "dev", RestoreOptions{}))
	is("undone", "")
	restore("c")
	taken(t, s, "d")
	if err := os.Remove(s.vms.Dir("dev").Disk()); err != nil {
		t.Fatal(err)
	}
	restore("d")
	is("restored in the place of no disk", "")
}
