package torture

import (
	"testing"

	"vmterminal/app/ondisk/guard"
	"vmterminal/app/torture/loopfs"
)

// TestPowerCutMissesGuards takes the guards away that only a power cut can miss,
// and looks for a state that is not as it should be.
func TestPowerCutMissesGuards(t *testing.T) {
	lab(t)
	for _, g := range []guard.Guard{guard.FileSync, guard.DirSync} {
		for _, kind := range loopfs.Kinds {
			t.Run(string(g)+"/"+kind.Name, func(t *testing.T) {
				rng := random(t)
				missed := ""
				for _, sc := range scenarios {
					r := record(t, groundOf(t, kind), sc, g)
					r.replay(t, statesOf(kind, r.log, rng), rng, func(what string) bool {
						missed = sc.name + ": " + what
						return true
					})
					if missed != "" {
						break
					}
				}
				if missed == "" {
					t.Fatalf("without the %s nothing is lost: no test holds it", g)
				}
				t.Logf("guard %s is held by TestPowerCut/%s/%s", g, kind.Name, missed)
			})
		}
	}
}
