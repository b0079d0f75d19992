package torture

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/ondisk/guard"
)

// heldBy are the guards that an ordinary test misses: its package and its name.
// A guard that only a power cut misses is in TestPowerCutMissesGuards.
var heldBy = map[guard.Guard][2]string{
	guard.Lock:            {"./app", "TestRunningDiskIsLeftAlone"},
	guard.LockInheritance: {"./vm/host", "TestQEMUHoldsTheLock"},
	guard.ImageLock:       {"./app", "TestForeignQEMU"},
	guard.HeaderDigest:    {"./snapshot/gzfile", "TestEveryHeaderBitIsNoticed"},
	guard.SegmentDigest:   {"./snapshot/gzfile", "TestReuseDoesNotSpreadDamage"},
	guard.ChunkDigest:     {"./snapshot/gzfile", "TestAnotherDisksBody"},
	guard.DiskDigest:      {"./snapshot/gzfile", "TestAnotherDisksBody"},
	guard.EndDigest:       {"./snapshot/gzfile", "TestAnotherDisksEnd"},
	guard.BodyDigest:      {"./snapshot/gzfile", "TestVerifyFindsEveryFlip"},
	guard.IndexDigest:     {"./snapshot/gzfile", "TestIndexIsChecked"},
	guard.IndexBinding:    {"./snapshot/gzfile", "TestLyingIndex"},
	guard.ReuseDigest:     {"./snapshot/gzfile", "TestReuseGivesTheSameFile"},
	guard.PresentDigest:   {"./snapshot/gzfile", "TestPresentIsCompared"},
	guard.Thaw:            {"./vm/qemu", "TestGuestThatDoesNotAnswer"},
	guard.Clamp:           {"./widgets/screen", "TestNumbersAreClamped"},
	guard.StringLimit:     {"./widgets/screen", "TestHostileOutput"},
	guard.FrameLimit:      {"./vm/agent/wire", "TestDecoder"},
	guard.PeerUID:         {"./vm/host", "TestSocketRefusesOtherUsers"}, // as root
	guard.ImageLimit:      {"./snapshot", "TestBudget"},
}

// TestGuardsAreMissed takes each of these guards away: the test that holds it
// turns red, and is green with the guard.
func TestGuardsAreMissed(t *testing.T) {
	if !thorough {
		t.Skip("builds the tests of eight packages anew: make torture")
	}
	for g, test := range heldBy {
		t.Run(string(g), func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "test")
			build := exec.Command("go", "test", "-c", "-trimpath=false", "-tags", "unguarded", "-o", program, test[0])
			build.Dir = "../.."
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			run := func(drop guard.Guard) (string, error) {
				cmd := exec.Command(program, "-test.v", "-test.timeout=5m", "-test.run=^"+test[1]+"$")
				cmd.Dir = filepath.Join("../..", test[0])
				cmd.Env = append(os.Environ(), guard.EnvDrop+"="+string(drop))
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := run(""); err != nil || !strings.Contains(out, "--- PASS: "+test[1]) {
				t.Fatalf("with every guard: %v\n%s", err, out)
			}
			var red *exec.ExitError
			if out, err := run(g); !errors.As(err, &red) || !strings.Contains(out, "--- FAIL: "+test[1]) {
				t.Fatalf("without the %s %s does not turn red: no test holds it (%v)\n%s", g, test[1], err, out)
			}
			t.Logf("guard %s is held by %s in %s", g, test[1], test[0])
		})
	}
}

func TestEveryGuardHasATest(t *testing.T) {
	for _, g := range guard.All {
		if _, held := heldBy[g]; !held && !slices.Contains([]guard.Guard{guard.FileSync, guard.DirSync}, g) {
			t.Errorf("no test is named that misses the guard %s", g)
		}
	}
}
