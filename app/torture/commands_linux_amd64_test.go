package torture

import (
	"testing"
	"time"
)

// promises are how many kills and faults have hit when TestCommands is over. In
// make torture these are all calls of all trials, and kills at random moments
// for the rest.
func promises() (kills, faults int) {
	if thorough {
		return 10_000, 10_000
	}
	return 10 * len(trials), 3 * len(trials)
}

// TestCommands kills commands at each of their system calls and at random
// moments, has the calls fail, and fills the disk.
func TestCommands(t *testing.T) {
	began, kills, hits, refused := time.Now(), 0, 0, 0
	promisedKills, promisedFaults := promises()
	for at, tr := range trials {
		t.Run(tr.String(), func(t *testing.T) {
			b, report := newBench(t, tr), reporter(t)
			kills += b.kill(promisedKills*(at+1)/len(trials)-kills, report)
			hit, err := b.fail(report)
			hits += hit
			if err != nil {
				t.Fatal(err)
			}
			refused += b.fillUp(t, report)
		})
	}
	t.Logf("%d kills hit a live process; %d times a system call failed; %d times a disk was full; in %v",
		kills, hits, refused, time.Since(began).Round(time.Second))
	if !t.Failed() && !t.Skipped() && (kills < promisedKills || hits < promisedFaults || refused == 0) {
		t.Errorf("promised were %d kills and %d failing calls", promisedKills, promisedFaults)
	}
}
