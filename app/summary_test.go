package app

import (
	"os"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
)

func TestSummaryIsRememberedUntilSomethingChanges(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	taken(t, s, "one")
	dir := s.vms.Dir("dev")
	if n, last := s.snapshotSummary(t.Context(), dir); n != 1 || last.IsZero() {
		t.Fatalf("%d, %v", n, last)
	}
	if _, ok := s.summaries.get(dir); ok {
		t.Fatal("what was changed a moment ago must not be remembered")
	}
	s.summaries.put(dir, summary{mark: snapshot.Open(dir).Mark(), count: 7, last: time.Unix(1, 0)})
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 7 {
		t.Errorf("%d: it was read again", n)
	}
	taken(t, s, "two")
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 2 {
		t.Errorf("%d after another was taken", n)
	}
	s.summaries.put(dir, summary{mark: snapshot.Open(dir).Mark(), count: 7})
	if err := os.Remove(ondisk.SnapshotFile(dir.Snapshots(), "one")); err != nil {
		t.Fatal(err)
	}
	if n, _ := s.snapshotSummary(t.Context(), dir); n != 2 { // one is missing, and told
		t.Errorf("%d after a file was taken away", n)
	}
}
