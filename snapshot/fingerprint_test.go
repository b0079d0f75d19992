package snapshot

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// later returns a time long after any change in these tests.
func later() time.Time { return time.Now().Add(time.Hour) }

func TestFingerprintDetectsChanges(t *testing.T) {
	dir := testPaths(t.TempDir())
	if err := os.Mkdir(dir.Snapshots, 0o700); err != nil {
		t.Fatal(err)
	}
	s := Open(dir)
	write := func(path, text string) func() error {
		return func() error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	file := File(dir.Snapshots, "one")
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"a file came", write(file, "x")},
		{"rows came", write(dir.Rows, "{}")},
		{"rows grew", write(dir.Rows, "{ }")},
		{"a file was renamed", func() error { return os.Rename(file, file+"2") }},
		{"a file went", func() error { return os.Remove(file + "2") }},
	} {
		before := s.Fingerprint()
		if before != s.Fingerprint() {
			t.Fatalf("before %s: got a different fingerprint without a change, want the same", step.name)
		}
		if before.IsSettled(time.Now()) {
			t.Errorf("before %s: got a settled fingerprint right after a change, want an unsettled one", step.name)
		}
		if !before.IsSettled(later()) {
			t.Errorf("before %s: got an unsettled fingerprint an hour later, want a settled one", step.name)
		}
		waitForTick(t, dir)
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if s.Fingerprint() == before {
			t.Errorf("%s: got the same fingerprint, want another", step.name)
		}
	}
	if (Fingerprint{}).IsSettled(later()) {
		t.Error("missing folder: got a settled fingerprint, want an unsettled one")
	}
}

// waitForTick waits until the file system's clock advances.
func waitForTick(t *testing.T, dir Paths) {
	t.Helper()
	probe := filepath.Dir(dir.Disk) + "/probe"
	moment := func() time.Time {
		if err := os.WriteFile(probe, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return readFileState(probe).changed
	}
	for first := moment(); moment().Equal(first); {
	}
}
