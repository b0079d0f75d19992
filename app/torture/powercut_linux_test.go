package torture

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vmterminal/app/torture/blocklog"
	"vmterminal/app/torture/loopfs"
	"vmterminal/snapshot/durable/guard"
)

// A recording contains the writes of a scenario, and the log positions where each use case
// began and was acknowledged. The position of an acknowledgement may be too late, but never too
// early.
type recording struct {
	history
	fixture     *fixture
	log         []blocklog.Entry
	begun, done []int
}

// recordScenario runs a scenario on the fixture's store. If drop is not "", that guard is removed.
func recordScenario(t *testing.T, g *fixture, sc scenario, drop guard.Guard) *recording {
	t.Helper()
	dir := tortureDir(t)
	image, served := filepath.Join(dir, "image"), filepath.Join(dir, "served")
	if err := errors.Join(blocklog.Copy(image, g.image), os.Mkdir(served, 0o700)); err != nil {
		t.Fatal(err)
	}
	device, err := blocklog.Serve(served, image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := device.Close(); err != nil {
			t.Errorf("closing the recording device: %v", err)
		}
	})
	mnt := mount(t, g.kind, device.Path())
	r := &recording{fixture: g}
	r.history = runScenario(t, g, sc, homePath(mnt), drop, func(done bool) {
		at := &r.begun
		if done {
			at = &r.done
		}
		*at = append(*at, device.Position())
	})
	r.log = device.Entries(0, device.Position())
	unmount(t, mnt)
	return r
}

// progressAt returns how many use cases had been acknowledged, and how many had begun, before a
// log entry.
func (r *recording) progressAt(entry int) (done, begun int) {
	for n := range r.steps {
		if r.done[n] <= entry {
			done = n + 1
		}
		if r.begun[n] < entry {
			begun = n + 1
		}
	}
	return done, max(done, begun)
}

// replayCrashes recreates the disk after each crash and checks it. It calls wrong for each incorrect state;
// wrong reports whether to stop.
func (r *recording) replayCrashes(t *testing.T, crashes []blocklog.Crash, rng *rand.Rand, wrong func(string) (stop bool)) (states int) {
	t.Helper()
	dir := tortureDir(t)
	safe, state, mnt := filepath.Join(dir, "safe"), filepath.Join(dir, "state"), filepath.Join(dir, "mnt")
	if err := errors.Join(blocklog.Copy(safe, r.fixture.image), os.Mkdir(mnt, 0o700)); err != nil {
		t.Fatal(err)
	}
	replay, err := blocklog.NewReplay(safe, r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = replay.Close() }()
	next := startSubject(t, "")
	for _, c := range crashes {
		if err := replay.Image(c, state); err != nil {
			t.Fatal(err)
		}
		states++
		done, begun := r.progressAt(c.End)
		found := checkImage(r.fixture.kind, state, mnt, func(home string) string { return r.check(next, home, done, begun, rng) })
		if found != "" && wrong(fmt.Sprintf("cut after the flush at entry %d of %d, with %s, before the one at %d; done: %s; begun: %s\n  %s",
			c.Safe, len(r.log), c.Description, c.End, r.stepName(done), r.stepName(begun), found)) {
			break
		}
	}
	return states
}

// checkImage mounts an image after a crash and checks it.
func checkImage(kind loopfs.Kind, image, mnt string, check func(home string) (wrong string)) (wrong string) {
	if err := kind.Mount(image, mnt); err != nil {
		return err.Error()
	}
	wrong = check(homePath(mnt))
	if err := loopfs.Unmount(mnt); err != nil {
		wrong += "\n  unmounting: " + err.Error()
	}
	return wrong
}

var (
	// allStates is the plan of make torture.
	allStates = blocklog.Plan{Prefixes: -1, Dropped: -1, Torn: -1, Random: 16}
	// sampleSizes are the numbers of states per scenario in make test, by file system.
	sampleSizes = map[string]int{"ext4": 40, "xfs": 20}
)

func crashStates(kind loopfs.Kind, log []blocklog.Entry, rng *rand.Rand) []blocklog.Crash {
	plan := allStates
	plan.Whole = kind.Whole
	crashes := blocklog.Crashes(log, plan, rng)
	if !thorough {
		crashes = blocklog.Sample(crashes, sampleSizes[kind.Name], rng)
	}
	return crashes
}

// newReporter returns a function that reports failures. It ignores a failure that differs from
// an earlier one only in its first line or in numbers.
func newReporter(t *testing.T) func(string) {
	seen := map[string]bool{}
	return func(what string) {
		_, message, _ := strings.Cut(what, "\n")
		message = digits.ReplaceAllString(message, "")
		if seen[message] {
			return
		}
		seen[message] = true
		t.Error(what)
	}
}

var digits = regexp.MustCompile(`[0-9]+`)

// TestPowerCut cuts the power at every flush, with any part of the unflushed writes on the disk.
func TestPowerCut(t *testing.T) {
	tortureDir(t)
	for _, kind := range loopfs.Kinds {
		for _, sc := range scenarios {
			t.Run(kind.Name+"/"+sc.name, func(t *testing.T) {
				rng := newRand(t)
				r := recordScenario(t, fixtureFor(t, kind), sc, "")
				began, report := time.Now(), newReporter(t)
				states := r.replayCrashes(t, crashStates(kind, r.log, rng), rng, func(what string) bool {
					report(what)
					return false
				})
				t.Logf("%d use cases, %d writes and flushes, %d states, %.0f states/s",
					len(r.steps), len(r.log), states, float64(states)/time.Since(began).Seconds())
			})
		}
	}
}
