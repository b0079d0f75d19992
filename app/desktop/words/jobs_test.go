package words

import (
	"strings"
	"testing"

	"vmterminal/app"
)

func TestSnapshotDoneGivesTheReason(t *testing.T) {
	for why, want := range map[app.NotFrozen]string{
		"":                   "frozen",
		app.NotFrozenPaused:  "crash-consistent: the VM is paused",
		app.NotFrozenRefused: "crash-consistent: the guest could not freeze its file systems",
		app.NotFrozenEarly:   "crash-consistent: the guest thawed its file systems too early",
		app.NotFrozenNoThaw:  "crash-consistent: the guest did not confirm that it thawed its file systems",
		app.NotFrozenNoAgent: "crash-consistent: the guest's agent is not responding",
		"of a later version": "crash-consistent: the guest's agent is not responding",
	} {
		s := app.Snapshot{FileSize: 1 << 20, Taken: "frozen"}
		if why != "" {
			s.Taken, s.NotFrozen = "crash-consistent", why
		}
		if got := SnapshotDone(s, "3 s"); !strings.HasSuffix(got, want) {
			t.Errorf("%q: got %q, want it to end with %q", why, got, want)
		}
	}
}
