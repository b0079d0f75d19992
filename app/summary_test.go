package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

func TestSummaryIsCached(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	now := time.Now()
	s.now = func() time.Time { return now }
	takeSnapshot(t, s, "one")
	dir := s.vms.Dir("dev")
	if n, last := s.snapshotSummary(t.Context(), dir); n != 1 || last.IsZero() {
		t.Fatalf("got %d snapshots, the last at %v, want 1 and a time", n, last)
	}
	if _, ok := s.summaries.get(dir); ok {
		t.Fatal("a summary was cached right after a change")
	}
	now = now.Add(time.Hour)
	s.snapshotSummary(t.Context(), dir)
	if known, ok := s.summaries.get(dir); !ok || known.count != 1 {
		t.Errorf("an hour after the change: got cached summary %+v, %v, want 1 snapshot", known, ok)
	}
	s.summaries.put(dir, summary{mark: snapshot.Open(SnapshotPaths(dir)).Fingerprint(), count: 7, last: time.Unix(1, 0)})
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 7 {
		t.Errorf("got %d snapshots, want the cached number", n)
	}
	takeSnapshot(t, s, "two")
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 2 {
		t.Errorf("got %d snapshots after another was taken, want 2", n)
	}
	s.summaries.put(dir, summary{mark: snapshot.Open(SnapshotPaths(dir)).Fingerprint(), count: 7})
	waitForTick(t, dir.Snapshots())
	if err := os.Remove(snapshot.File(dir.Snapshots(), "one")); err != nil {
		t.Fatal(err)
	}
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 2 { // the missing snapshot is still listed
		t.Errorf("got %d snapshots after a file was removed, want 2", n)
	}
}

// waitForTick waits until the file system's clock has advanced since a folder's last change, so
// that the next change gives the folder another time.
func waitForTick(t *testing.T, folder string) {
	t.Helper()
	changed := func(path string) time.Time {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return diskfile.ChangeTime(info)
	}
	probe := filepath.Join(t.TempDir(), "probe")
	for deadline := time.Now().Add(time.Minute); ; {
		if err := os.WriteFile(probe, nil, durable.FileMode); err != nil {
			t.Fatal(err)
		}
		if changed(probe).After(changed(folder)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the file system's clock did not advance within a minute")
		}
	}
}
