package torture

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/snapshot/durable/guard"
)

// guardTests maps each guard to the package and the name of the test that fails without it.
// Guards that only this package's tests cover are in tortureGuards.
var guardTests = map[guard.Guard][2]string{
	guard.Lock:            {"./app", "TestDiskOfRunningVMIsNotChanged"},
	guard.LockInheritance: {"./vm/supervisor", "TestQEMUHoldsLock"},
	guard.ImageLock:       {"./app", "TestForeignQEMU"},
	guard.LoopDevice:      {"./app", "TestDiskOnLoopDevice"}, // as root
	guard.DiskTimes:       {"./snapshot", "TestDiskThatChanges"},
	guard.SavedDisk:       {"./vm/supervisor", "TestReplacedDiskIsSaved"},
	guard.HeaderDigest:    {"./snapshot/gzfile", "TestEveryHeaderBitIsNoticed"},
	guard.SegmentDigest:   {"./snapshot/gzfile", "TestReuseDoesNotSpreadDamage"},
	guard.ChunkDigest:     {"./snapshot/gzfile", "TestBodyOfAnotherDisk"},
	guard.DiskDigest:      {"./snapshot/gzfile", "TestBodyOfAnotherDisk"},
	guard.EndDigest:       {"./snapshot/gzfile", "TestTrailerOfAnotherDisk"},
	guard.BodyDigest:      {"./snapshot/gzfile", "TestVerifyFindsEveryFlip"},
	guard.IndexDigest:     {"./snapshot/gzfile", "TestIndexIsChecked"},
	guard.IndexBinding:    {"./snapshot/gzfile", "TestInconsistentIndexIsRejected"},
	guard.ReuseDigest:     {"./snapshot/gzfile", "TestReuseGivesTheSameFile"},
	guard.PresentDigest:   {"./snapshot/gzfile", "TestPresentIsCompared"},
	guard.CloneRead:       {"./snapshot/gzfile", "TestClonesAreChecked"},
	guard.LazyDisk:        {"./snapshot", "TestLazyDiskIsNotRead"},
	guard.Settling:        {"./vm/qemu", "TestSettlingExcludesPointInTime"},
	guard.TrailerDigest:   {"./snapshot/durable/lazydisk", "TestDamagedTrailer"},
	guard.ClonedImage:     {"./vm/image/cache", "TestImageThatChanges"}, // as root
	guard.ImageEnd:        {"./vm/image", "TestWriteCutQCOW2"},
	guard.PartValidator:   {"./vm/image/fetch", "TestPartOfAnotherFile"},
	guard.Thaw:            {"./vm/qemu", "TestGuestThatDoesNotAnswer"},
	guard.Clamp:           {"./widgets/screen", "TestNumbersAreClamped"},
	guard.StringLimit:     {"./widgets/screen", "TestHostileOutput"},
	guard.FrameLimit:      {"./vm/agent/wire", "TestDecoder"},
	guard.PeerUID:         {"./vm/supervisor", "TestSocketRefusesOtherUsers"}, // as root
	guard.ImageLimit:      {"./snapshot", "TestBudget"},
}

// TestGuardedTestsFailUnguarded removes each guard. The guard's test must fail without it, and
// pass with it.
func TestGuardedTestsFailUnguarded(t *testing.T) {
	if !thorough {
		t.Skip("rebuilds the tests of ten packages; run make torture")
	}
	for g, test := range guardTests {
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
				t.Fatalf("with every guard: got %v, want a pass\n%s", err, out)
			}
			var failure *exec.ExitError
			if out, err := run(g); !errors.As(err, &failure) || !strings.Contains(out, "--- FAIL: "+test[1]) {
				t.Fatalf("without guard %s: got a pass of %s (%v), want a failure\n%s", g, test[1], err, out)
			}
			t.Logf("guard %s is covered by %s in %s", g, test[1], test[0])
		})
	}
}

// tortureGuards are the guards covered by TestPowerCutNeedsGuards and TestReplacedDiskSurvives.
var tortureGuards = []guard.Guard{guard.FileSync, guard.DirSync, guard.LastName}

func TestEveryGuardHasATest(t *testing.T) {
	for _, g := range guard.All {
		if _, covered := guardTests[g]; !covered && !slices.Contains(tortureGuards, g) {
			t.Errorf("guard %s: got no test, want one in guardTests or tortureGuards", g)
		}
	}
}
