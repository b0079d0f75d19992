package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// A bench repeats a trial, each time from the same initial store.
type bench struct {
	history  // the trial's step, and the worlds before and after it
	trial    trial
	fixture  *fixture
	dir      string
	home     string   // the current store
	initial  string   // the initial store
	checker  *subject // inspects the store and runs further use cases
	rng      *rand.Rand
	calls    []calls.Call  // made by the undisturbed trial
	duration time.Duration // of the undisturbed trial
}

// newBench creates the store of a trial and records it before and after the trial.
func newBench(t *testing.T, tr trial) *bench {
	t.Helper()
	dir := tortureDir(t)
	requirePtrace(t)
	buildCommand(t)
	b := &bench{trial: tr, dir: dir, home: filepath.Join(dir, "home"), checker: startSubject(t, ""), rng: newRand(t)}
	var err error
	if b.fixture, err = importFixture(b.checker); err == nil {
		b.initial, err = b.initialStore()
	}
	if err == nil {
		err = b.recordBaseline()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// requirePtrace skips a test if one process may not trace another.
func requirePtrace(t *testing.T) {
	t.Helper()
	_, err := calls.Run(calls.Program{Args: []string{"/bin/true"}, Out: os.Stderr, Err: os.Stderr, Dir: "/nowhere"},
		func(int, calls.Call) calls.Decision { return calls.Decision{} })
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("cannot trace processes: ", err)
	}
	t.Skip("cannot trace processes: ", err)
}

// recordBaseline runs the trial undisturbed, and records the worlds, duration and calls.
func (b *bench) recordBaseline() error {
	b.steps = [][]string{b.trial.step}
	b.ignored = []string{usecase.Identity, usecase.Verified}
	if err := b.resetStore(); err != nil {
		return err
	}
	before, err := b.checker.inspect(b.home)
	if err != nil {
		return err
	}
	began := time.Now()
	e, err := b.runCommand(0)
	if err != nil || e.exit != 0 {
		return fmt.Errorf("undisturbed: %w, exit code %d: %s", err, e.exit, e.err)
	}
	b.duration = time.Since(began)
	after, err := b.checker.inspect(b.home)
	if err != nil {
		return err
	}
	b.worlds = []world{before, after}
	if err := b.resetStore(); err != nil {
		return err
	}
	_, err = b.runTraced(func(_ int, c calls.Call) calls.Decision {
		b.calls = append(b.calls, c)
		return calls.Decision{}
	})
	return err
}

// sampleCalls returns the numbers of the calls to disturb. In make torture these are all calls, and
// a few numbers beyond the last call. Otherwise they are the numbers of some random calls, half
// of which may change the disk.
func (b *bench) sampleCalls(all []calls.Call, some int) []int {
	var numbers, changing []int
	for at, c := range all {
		numbers = append(numbers, at+1)
		if c.Creates || slices.Contains(changingCalls, c.Name) {
			changing = append(changing, at+1)
		}
	}
	if thorough {
		return append(numbers, len(all)+1, len(all)+2, len(all)+3)
	}
	var out []int
	for at := range some {
		from := numbers
		if at%2 == 0 && len(changing) > 0 {
			from = changing
		}
		out = append(out, from[b.rng.IntN(len(from))])
	}
	return out
}

// changingCalls are the calls that may change the disk.
var changingCalls = []string{
	"write", "pwrite64", "copy_file_range", "sendfile", "splice", "ftruncate", "fallocate", "fsync", "ioctl",
	"renameat", "renameat2", "linkat", "symlinkat", "unlinkat", "mkdirat", "exit_group",
}

// resetStore restores the initial store.
func (b *bench) resetStore() error {
	if err := os.RemoveAll(b.home); err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", "--sparse=always", b.initial, b.home).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return b.updateOriginInodes()
}

// updateOriginInodes writes the copied disks' inodes to the records of the disks' origins.
func (b *bench) updateOriginInodes() error {
	marks, err := filepath.Glob(filepath.Join(home.Dir(b.home).Data(), "*", filepath.Base(home.VMDir("").Origin())))
	for _, path := range marks {
		var text []byte
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
		var origin map[string]any
		if err = json.Unmarshal(text, &origin); err != nil {
			return err
		}
		var st os.FileInfo
		if st, err = os.Stat(home.VMDir(filepath.Dir(path)).Disk()); err != nil {
			return err
		}
		origin["file"] = st.Sys().(*syscall.Stat_t).Ino
		if err = durable.ReplaceJSON(path, origin); err != nil {
			return err
		}
	}
	return err
}

// checkOthers returns which unrelated snapshot has changed by even one byte, or "".
func (b *bench) checkOthers(w world) string {
	for key, was := range b.worlds[0] {
		if strings.Contains(key, usecase.BytesOf) && b.worlds[1][key] == was && w[key] != was {
			return fmt.Sprintf("an unrelated snapshot changed: %s: got %q, want %q", key, w[key], was)
		}
	}
	return ""
}

// checkStore checks the store after a disturbed trial, in which the command reported success if
// acknowledged is set. If the command did not report success and changed nothing, check
// repeats it. Then it runs further commands. It returns a problem, or "".
func (b *bench) checkStore(acknowledged bool) string {
	w, err := b.checker.inspect(b.home)
	if err != nil {
		return "inspecting the store: " + err.Error()
	}
	if wrong := b.checkOthers(w); wrong != "" {
		return wrong
	}
	done := 0
	if acknowledged {
		done = 1
	}
	if wrong := b.compare(w, done, 1, usecase.BytesOf); wrong != "" {
		return wrong
	}
	if done == 0 && b.compare(w, 0, 0, usecase.BytesOf) == "" {
		if wrong := b.retryUseCase(); wrong != "" {
			return "repeating the use case: " + wrong
		}
	}
	return b.runNext()
}

// retryUseCase repeats a command that failed. It returns a problem, or "" if the command succeeds.
func (b *bench) retryUseCase() string {
	if err := b.checker.run(b.home, b.fixture.expandPaths(b.trial.step)...); err != nil {
		return err.Error()
	}
	w, err := b.checker.inspect(b.home)
	if err != nil {
		return err.Error()
	}
	return b.compare(w, 1, 1, usecase.BytesOf)
}

func (b *bench) runNext() string {
	next := [][]string{{"create", "next"}, {"delete", "next"}}
	switch {
	case b.trial.fresh || b.trial.concernsVMs():
		next = [][]string{{"vm-create", "next"}, {"vm-purge", "next"}}
	case b.trial.concernsImages():
		next = [][]string{{"image-remove", "base"}, {"image-import", b.fixture.system, "base"}}
		if b.trial.step[0] == "image-remove" {
			slices.Reverse(next)
		}
	}
	for _, words := range next {
		if err := b.checker.run(b.home, words...); err != nil {
			return "the next use cases: " + err.Error()
		}
	}
	if left := leftoversIn(b.home); len(left) > 0 {
		return fmt.Sprintf("got leftovers %q, want none", left)
	}
	return ""
}
