package torture

import (
	"testing"

	"vmterminal/app/torture/loopfs"
	"vmterminal/snapshot/durable/guard"
)

// TestPowerCutNeedsGuards removes guards that only matter after a power cut, and looks for an
// incorrect state.
func TestPowerCutNeedsGuards(t *testing.T) {
	tortureDir(t)
	for _, g := range []guard.Guard{guard.FileSync, guard.DirSync} {
		for _, kind := range loopfs.Kinds {
			t.Run(string(g)+"/"+kind.Name, func(t *testing.T) {
				rng := newRand(t)
				missed := ""
				for _, sc := range scenarios {
					r := recordScenario(t, fixtureFor(t, kind), sc, g)
					r.replayCrashes(t, crashStates(kind, r.log, rng), rng, func(what string) bool {
						missed = sc.name + ": " + what
						return true
					})
					if missed != "" {
						break
					}
				}
				if missed == "" {
					t.Fatalf("without guard %s nothing is lost, want a lost state", g)
				}
				t.Logf("guard %s is covered by TestPowerCut/%s/%s", g, kind.Name, missed)
			})
		}
	}
}
