package torture

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"vmterminal/app/torture/blocklog"
	"vmterminal/app/torture/loopfs"
	"vmterminal/app/torture/usecase"
)

// roundCount returns the number of shutdowns per file system and scenario.
func roundCount() int {
	if thorough {
		return 100
	}
	return 3
}

// TestShutdown shuts down the file system at random moments.
func TestShutdown(t *testing.T) {
	tortureDir(t)
	for _, kind := range loopfs.Kinds {
		for _, sc := range scenarios {
			t.Run(kind.Name+"/"+sc.name, func(t *testing.T) {
				rng, report := newRand(t), newReporter(t)
				e := newShutdownTest(t, fixtureFor(t, kind), sc)
				within := 0
				for range roundCount() {
					cut, wrong := e.runRound(t, rng)
					if cut {
						within++
					}
					if wrong != "" {
						report(wrong)
					}
				}
				t.Logf("%d rounds, %d of them during a use case", roundCount(), within)
			})
		}
	}
}

// A shutdownTest is a scenario that is run repeatedly and interrupted.
type shutdownTest struct {
	fixture  *fixture
	scenario scenario
	history  // of a run without interruption
	duration time.Duration
	mnt      string
	image    string
	next     *subject
}

func newShutdownTest(t *testing.T, g *fixture, sc scenario) *shutdownTest {
	t.Helper()
	dir := tortureDir(t)
	e := &shutdownTest{fixture: g, scenario: sc, image: filepath.Join(dir, "image"), mnt: filepath.Join(dir, "mnt"), next: startSubject(t, "")}
	if err := errors.Join(blocklog.Copy(e.image, g.image), os.Mkdir(e.mnt, 0o700)); err != nil {
		t.Fatal(err)
	}
	mnt := mount(t, g.kind, e.image)
	var began time.Time
	e.history = runScenario(t, g, sc, homePath(mnt), "", func(done bool) {
		if done {
			e.duration += time.Since(began)
		}
		began = time.Now()
	})
	e.ignored = []string{usecase.Identity, usecase.Verified, usecase.BytesOf}
	unmount(t, mnt)
	return e
}

// runRound shuts down the file system once and checks the store. cut reports whether the shutdown
// interrupted a use case.
func (e *shutdownTest) runRound(t *testing.T, rng *rand.Rand) (cut bool, wrong string) {
	t.Helper()
	if err := errors.Join(blocklog.Copy(e.image, e.fixture.image), e.fixture.kind.Mount(e.image, e.mnt)); err != nil {
		t.Fatal(err)
	}
	after := time.Duration(rng.Int64N(int64(e.duration)))
	done, begun := e.shutDown(t, after)
	unmount(t, e.mnt)
	wrong = checkImage(e.fixture.kind, e.image, e.mnt, func(home string) string { return e.check(e.next, home, done, begun, rng) })
	if wrong != "" {
		wrong = fmt.Sprintf("shut down after %v; done: %s; begun: %s\n  %s", after, e.stepName(done), e.stepName(begun), wrong)
	}
	return begun > done, wrong
}

// shutDown runs the scenario and shuts down the file system after a delay. It returns the
// numbers of acknowledged and of begun use cases; the store's true state must be between them.
func (e *shutdownTest) shutDown(t *testing.T, after time.Duration) (done, begun int) {
	t.Helper()
	s := startSubject(t, "")
	var acknowledged, started atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, step := range e.scenario.steps {
			started.Add(1)
			if s.run(homePath(e.mnt), e.fixture.expandPaths(step)...) != nil {
				return
			}
			acknowledged.Add(1)
		}
	}()
	<-time.After(after)
	done = int(acknowledged.Load())
	err := loopfs.Shutdown(e.mnt)
	begun = int(started.Load())
	<-ended
	s.stop()
	if err != nil {
		t.Fatal(err)
	}
	return done, begun
}
