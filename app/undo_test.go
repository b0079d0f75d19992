package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// The undo disk names the snapshot that replaced it. Later snapshots do not change that name,
// but renaming the snapshot does. A later restore does not inherit the name.
func TestUndoDiskNamesRestoredSnapshot(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	ended := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	restore := func(name string) {
		t.Helper()
		ended(waitJob(s.RestoreSnapshot(t.Context(), "dev", name, RestoreOptions{})))
	}
	is := func(when, want string) {
		t.Helper()
		list, err := s.Snapshots(t.Context(), "dev")
		if err != nil || list.Undo == nil || list.Undo.Restored != want {
			t.Errorf("%s: got undo disk %+v, error %v, want snapshot %q", when, list.Undo, err, want)
		}
	}
	takeSnapshot(t, s, "a")
	restore("a")
	is("restored", "a")
	takeSnapshot(t, s, "b")
	is("another snapshot since", "a")
	if err := s.RenameSnapshot(t.Context(), "dev", "a", "c"); err != nil {
		t.Fatal(err)
	}
	is("renamed", "c")
	if err := s.DeleteSnapshot(t.Context(), "dev", "b"); err != nil {
		t.Fatal(err)
	}
	ended(waitJob(s.UndoRestore(t.Context(), "dev", RestoreOptions{})))
	is("undone", "")
	restore("c")
	takeSnapshot(t, s, "d")
	if err := os.Remove(s.vms.Dir("dev").Disk()); err != nil {
		t.Fatal(err)
	}
	restore("d")
	is("restored in the place of no disk", "")
}

// If the undo disk cannot be renamed into place, other jobs continue with a note, doctor reports
// the disk, and it becomes the undo disk later.
func TestJobsWithoutUndo(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	var notes []string
	s.WatchNotes(func(note problem.Note) { notes = append(notes, fmt.Sprint(note)) })
	takeSnapshot(t, s, "a")
	job, err := s.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := s.vms.Dir("dev")
	hidden := durable.TempName(dir.Undo())
	if err := os.Rename(dir.Undo(), hidden); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir.Undo(), "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.PinSnapshot(t.Context(), "dev", "a", true); err != nil {
		t.Error(err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], hidden) {
		t.Errorf("got notes %q, want one that names %s", notes, hidden)
	}
	if !slices.ContainsFunc(s.Doctor(t.Context()), func(f doctor.Finding) bool { return f.Args.Path == hidden }) {
		t.Errorf("got no finding from Doctor that names %s, want one", hidden)
	}
	if v, err := s.VM(t.Context(), "dev"); err != nil || v.UndoUsed == 0 {
		t.Errorf("got an undo disk of %d bytes, error %v, want the size of %s", v.UndoUsed, err, hidden)
	}
	if err := os.RemoveAll(dir.Undo()); err != nil {
		t.Fatal(err)
	}
	if err := s.PinSnapshot(t.Context(), "dev", "a", false); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(hidden); err == nil {
		t.Errorf("%s still exists", hidden)
	}
	if list, err := s.Snapshots(t.Context(), "dev"); err != nil || list.Undo == nil {
		t.Errorf("got undo disk %+v, error %v, want one", list.Undo, err)
	}
}

// restoreSnapshot restores a snapshot of dev.
func restoreSnapshot(t *testing.T, s *Service, name string, opt RestoreOptions) Restored {
	t.Helper()
	job, err := s.RestoreSnapshot(t.Context(), "dev", name, opt)
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return job.Result()
}

// writeToDisk replaces the contents of dev's disk.
func writeToDisk(t *testing.T, s *Service, text string) {
	t.Helper()
	f, err := os.OpenFile(s.vms.Dir("dev").Disk(), os.O_WRONLY|os.O_TRUNC, 0)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A second restore keeps the undo disk of the first one, unless the disk was written to in
// between.
func TestSecondRestoreKeepsUndo(t *testing.T) {
	s := serviceWithDisk(t, []byte("one"))
	is := func(when, disk, undo string, atRisk bool) {
		t.Helper()
		for path, want := range map[string]string{s.vms.Dir("dev").Disk(): disk, s.vms.Dir("dev").Undo(): undo} {
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("%s: got %q, error %v in %s, want %q", when, got, err, path, want)
			}
		}
		list, err := s.Snapshots(t.Context(), "dev")
		if err != nil || list.Undo == nil || list.Undo.AtRisk != atRisk {
			t.Errorf("%s: got undo disk %+v, error %v, want AtRisk = %v", when, list.Undo, err, atRisk)
		}
	}
	undo := func() {
		t.Helper()
		job, err := s.UndoRestore(t.Context(), "dev", RestoreOptions{})
		if err == nil {
			err = job.Wait(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	takeSnapshot(t, s, "wrong")
	writeToDisk(t, s, "two")
	takeSnapshot(t, s, "right")
	writeToDisk(t, s, "work")

	restoreSnapshot(t, s, "wrong", RestoreOptions{})
	is("restored", "one", "work", false)
	if r := restoreSnapshot(t, s, "right", RestoreOptions{SaveUndo: "unneeded"}); !r.KeptBefore || r.Undo == "" || r.Saved != "" {
		t.Errorf("second restore: got %+v, want the first undo disk kept and no new snapshot", r)
	}
	is("restored again", "two", "work", false)
	undo()
	is("undone", "work", "two", false)
	restoreSnapshot(t, s, "wrong", RestoreOptions{})
	is("the undo was a snapshot's", "one", "work", false)

	writeToDisk(t, s, "more work")
	is("written to", "more work", "work", true)
	var warnings []RestoreWarning
	restoreSnapshot(t, s, "right", RestoreOptions{OnWarning: func(w RestoreWarning) { warnings = append(warnings, w) }})
	if !slices.ContainsFunc(warnings, func(w RestoreWarning) bool { return w.Code == WarnUndoDeleted && w.Undo.Restored == "wrong" }) {
		t.Errorf("got warnings %+v, want one about the undo disk of the restore of 'wrong'", warnings)
	}
	is("replaced", "two", "more work", false)

	writeToDisk(t, s, "even more work")
	if r := restoreSnapshot(t, s, "wrong", RestoreOptions{SaveUndo: "saved"}); r.Saved != "saved" {
		t.Errorf("got saved snapshot %q, want 'saved'", r.Saved)
	}
	is("saved", "one", "even more work", false)
	writeToDisk(t, s, "and more")
	restoreSnapshot(t, s, "saved", RestoreOptions{})
	is("restored what was saved", "more work", "and more", false)

	// The snapshot that the disk was restored from is deleted, so the disk is the last copy.
	if err := s.DeleteSnapshot(t.Context(), "dev", "saved"); err != nil {
		t.Fatal(err)
	}
	is("deleted", "more work", "and more", true)
	restoreSnapshot(t, s, "right", RestoreOptions{})
	is("the last copy", "two", "more work", false)
}
