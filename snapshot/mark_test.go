package snapshot

import (
	"os"
	"testing"
	"time"

	"vmterminal/app/ondisk"
)

// later is a time at which what is done now has long been left alone.
func later() time.Time { return time.Now().Add(time.Hour) }

func TestMarkTellsChanges(t *testing.T) {
	dir := ondisk.VMDir(t.TempDir())
	if err := os.Mkdir(dir.Snapshots(), 0o700); err != nil {
		t.Fatal(err)
	}
	s := Open(dir)
	write := func(path, text string) func() error {
		return func() error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	file := ondisk.SnapshotFile(dir.Snapshots(), "one")
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"a file came", write(file, "x")},
		{"rows came", write(dir.Rows(), "{}")},
		{"rows grew", write(dir.Rows(), "{ }")},
		{"a file was renamed", func() error { return os.Rename(file, file+"2") }},
		{"a file went", func() error { return os.Remove(file + "2") }},
	} {
		before := s.Mark()
		if before != s.Mark() {
			t.Fatalf("before %s: nothing changed, and the marks differ", step.name)
		}
		if before.Settled(time.Now()) {
			t.Errorf("before %s: what was changed a moment ago is no more settled than that", step.name)
		}
		if !before.Settled(later()) {
			t.Errorf("before %s: an hour later it is settled", step.name)
		}
		waitForTick(t, dir)
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if s.Mark() == before {
			t.Errorf("%s, and the mark is the same", step.name)
		}
	}
	if (Mark{}).Settled(later()) {
		t.Error("a folder that is not there says nothing")
	}
}

// waitForTick returns once the file system's clock has gone on.
func waitForTick(t *testing.T, dir ondisk.VMDir) {
	t.Helper()
	probe := string(dir) + "/probe"
	moment := func() time.Time {
		if err := os.WriteFile(probe, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return traceOf(probe).changed
	}
	for first := moment(); moment().Equal(first); {
	}
}
