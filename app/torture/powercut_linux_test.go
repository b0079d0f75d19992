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

	"vmterminal/app/ondisk/guard"
	"vmterminal/app/torture/blocklog"
	"vmterminal/app/torture/loopfs"
)

// A recording is what a scenario wrote, and when each of its use cases began and
// was acknowledged, as positions in the log. What was written by when the
// acknowledgement was read may be more than by when it was given, never less.
type recording struct {
	history
	ground      *ground
	log         []blocklog.Entry
	begun, done []int
}

// record runs a scenario on the ground's store, without one of the guards if
// drop names one.
func record(t *testing.T, g *ground, sc scenario, drop guard.Guard) *recording {
	t.Helper()
	dir := lab(t)
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
			t.Errorf("ending the recording device: %v", err)
		}
	})
	mnt := mount(t, g.kind, device.Path())
	r := &recording{ground: g}
	r.history = run(t, g, sc, homeIn(mnt), drop, func(done bool) {
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

// at tells how many use cases were acknowledged, and had begun, before an entry.
func (r *recording) at(entry int) (done, begun int) {
	for n := range r.deeds {
		if r.done[n] <= entry {
			done = n + 1
		}
		if r.begun[n] < entry {
			begun = n + 1
		}
	}
	return done, max(done, begun)
}

// replay makes the disk as each crash left it, and judges what is on it. wrong is
// told of each state that is not as it should be, and says whether to stop.
func (r *recording) replay(t *testing.T, crashes []blocklog.Crash, rng *rand.Rand, wrong func(string) (stop bool)) (states int) {
	t.Helper()
	dir := lab(t)
	safe, state, mnt := filepath.Join(dir, "safe"), filepath.Join(dir, "state"), filepath.Join(dir, "mnt")
	if err := errors.Join(blocklog.Copy(safe, r.ground.image), os.Mkdir(mnt, 0o700)); err != nil {
		t.Fatal(err)
	}
	replay, err := blocklog.NewReplay(safe, r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = replay.Close() }()
	next := start(t, "")
	for _, c := range crashes {
		if err := replay.Image(c, state); err != nil {
			t.Fatal(err)
		}
		states++
		done, begun := r.at(c.End)
		found := judgeOn(r.ground.kind, state, mnt, func(home string) string { return r.judge(next, home, done, begun, rng) })
		if found != "" && wrong(fmt.Sprintf("cut after the flush at entry %d of %d, with %s, before the one at %d; done: %s; begun: %s\n  %s",
			c.Safe, len(r.log), c.What, c.End, r.name(done), r.name(begun), found)) {
			break
		}
	}
	return states
}

// judgeOn mounts an image as a crash left it for a judge.
func judgeOn(kind loopfs.Kind, image, mnt string, judge func(home string) (wrong string)) (wrong string) {
	if err := kind.Mount(image, mnt); err != nil {
		return err.Error()
	}
	wrong = judge(homeIn(mnt))
	if err := loopfs.Unmount(mnt); err != nil {
		wrong += "\n  unmounting: " + err.Error()
	}
	return wrong
}

var (
	// allStates are those that make torture tries.
	allStates = blocklog.Plan{Prefixes: -1, Dropped: -1, Torn: -1, Random: 16}
	// shares are how many of the states make test tries, of each scenario.
	shares = map[string]int{"ext4": 40, "xfs": 20}
)

func statesOf(kind loopfs.Kind, log []blocklog.Entry, rng *rand.Rand) []blocklog.Crash {
	plan := allStates
	plan.Whole = kind.Whole
	crashes := blocklog.Crashes(log, plan, rng)
	if !thorough {
		crashes = blocklog.Sample(crashes, shares[kind.Name], rng)
	}
	return crashes
}

// reporter returns what reports failures, those alike once.
func reporter(t *testing.T) func(string) {
	seen := map[string]bool{}
	return func(what string) {
		_, gist, _ := strings.Cut(what, "\n")
		gist = digits.ReplaceAllString(gist, "")
		if seen[gist] {
			return
		}
		seen[gist] = true
		t.Error(what)
	}
}

var digits = regexp.MustCompile(`[0-9]+`)

// TestPowerCut cuts the power at every flush, and with any part written of what
// was not flushed.
func TestPowerCut(t *testing.T) {
	lab(t)
	for _, kind := range loopfs.Kinds {
		for _, sc := range scenarios {
			t.Run(kind.Name+"/"+sc.name, func(t *testing.T) {
				rng := random(t)
				r := record(t, groundOf(t, kind), sc, "")
				began, report := time.Now(), reporter(t)
				states := r.replay(t, statesOf(kind, r.log, rng), rng, func(what string) bool {
					report(what)
					return false
				})
				t.Logf("%d use cases, %d writes and flushes, %d states, %.0f a second",
					len(r.deeds), len(r.log), states, float64(states)/time.Since(began).Seconds())
			})
		}
	}
}
