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

// rounds is how often a file system is shut down, of each kind and scenario.
func rounds() int {
	if thorough {
		return 100
	}
	return 3
}

// TestShutdown shuts the file system down at random moments.
func TestShutdown(t *testing.T) {
	lab(t)
	for _, kind := range loopfs.Kinds {
		for _, sc := range scenarios {
			t.Run(kind.Name+"/"+sc.name, func(t *testing.T) {
				rng, report := random(t), reporter(t)
				e := newEvening(t, groundOf(t, kind), sc)
				within := 0
				for range rounds() {
					cut, wrong := e.round(t, rng)
					if cut {
						within++
					}
					if wrong != "" {
						report(wrong)
					}
				}
				t.Logf("%d rounds, %d of them within a use case", rounds(), within)
			})
		}
	}
}

// An evening is a scenario that is run again and again, and does not come to its
// end.
type evening struct {
	ground   *ground
	scenario scenario
	history  // of the one run that did
	took     time.Duration
	mnt      string
	image    string
	next     *subject
}

func newEvening(t *testing.T, g *ground, sc scenario) *evening {
	t.Helper()
	dir := lab(t)
	e := &evening{ground: g, scenario: sc, image: filepath.Join(dir, "image"), mnt: filepath.Join(dir, "mnt"), next: start(t, "")}
	if err := errors.Join(blocklog.Copy(e.image, g.image), os.Mkdir(e.mnt, 0o700)); err != nil {
		t.Fatal(err)
	}
	mnt := mount(t, g.kind, e.image)
	var began time.Time
	e.history = run(t, g, sc, homeIn(mnt), "", func(done bool) {
		if done {
			e.took += time.Since(began)
		}
		began = time.Now()
	})
	e.but = []string{usecase.Identity, usecase.Verified, usecase.BytesOf}
	unmount(t, mnt)
	return e
}

// round shuts the file system down once, and looks at what is left. cut tells
// whether that was within a use case.
func (e *evening) round(t *testing.T, rng *rand.Rand) (cut bool, wrong string) {
	t.Helper()
	if err := errors.Join(blocklog.Copy(e.image, e.ground.image), e.ground.kind.Mount(e.image, e.mnt)); err != nil {
		t.Fatal(err)
	}
	after := time.Duration(rng.Int64N(int64(e.took)))
	done, begun := e.shutDown(t, after)
	unmount(t, e.mnt)
	wrong = judgeOn(e.ground.kind, e.image, e.mnt, func(home string) string { return e.judge(e.next, home, done, begun, rng) })
	if wrong != "" {
		wrong = fmt.Sprintf("shut down after %v; done: %s; begun: %s\n  %s", after, e.name(done), e.name(begun), wrong)
	}
	return begun > done, wrong
}

// shutDown runs the scenario and shuts the file system down meanwhile. What had
// been acknowledged before that, and what had begun after it, is counted so that
// the truth lies between.
func (e *evening) shutDown(t *testing.T, after time.Duration) (done, begun int) {
	t.Helper()
	s := start(t, "")
	var acknowledged, started atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, deed := range e.scenario.deeds {
			started.Add(1)
			if s.do(homeIn(e.mnt), e.ground.words(deed)...) != nil {
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
	s.end()
	if err != nil {
		t.Fatal(err)
	}
	return done, begun
}
