package torture

import (
	"testing"
	"time"
)

// minDisturbances returns how many kills and faults TestCommands requires. In make torture, all
// calls of all trials are disturbed; kills at random moments make up the rest.
func minDisturbances() (kills, faults int) {
	if thorough {
		return 10_000, 10_000
	}
	return 10 * len(trials), 3 * len(trials)
}

// TestCommands kills commands at each system call and at random moments, makes system calls
// fail, and fills the disk.
func TestCommands(t *testing.T) {
	began, kills, hits, refused := time.Now(), 0, 0, 0
	minKills, minFaults := minDisturbances()
	for at, tr := range trials {
		t.Run(tr.String(), func(t *testing.T) {
			b, report := newBench(t, tr), newReporter(t)
			kills += b.killRepeatedly(minKills*(at+1)/len(trials)-kills, report)
			hit, err := b.injectFaults(report)
			hits += hit
			if err != nil {
				t.Fatal(err)
			}
			refused += b.runOnFullDisks(t, report)
		})
	}
	t.Logf("%d kills hit a live process; %d times a system call failed; %d times a disk was full; in %v",
		kills, hits, refused, time.Since(began).Round(time.Second))
	if !t.Failed() && !t.Skipped() && (kills < minKills || hits < minFaults || refused == 0) {
		t.Errorf("got %d kills, %d failed calls and %d full disks, want at least %d, %d and 1", kills, hits, refused, minKills, minFaults)
	}
}
