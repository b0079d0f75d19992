package app

import (
	"os"
	"testing"
	"time"

	"vmterminal/snapshot"
)

func TestSummaryIsCached(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	takeSnapshot(t, s, "one")
	dir := s.vms.Dir("dev")
	if n, last := s.snapshotSummary(t.Context(), dir); n != 1 || last.IsZero() {
		t.Fatalf("got %d snapshots, the last at %v, want 1 and a time", n, last)
	}
	if _, ok := s.summaries.get(dir); ok {
		t.Fatal("a summary was cached right after a change")
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
	if err := os.Remove(snapshot.File(dir.Snapshots(), "one")); err != nil {
		t.Fatal(err)
	}
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 2 { // the missing snapshot is still listed
		t.Errorf("got %d snapshots after a file was removed, want 2", n)
	}
}
