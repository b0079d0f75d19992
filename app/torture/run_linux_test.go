package torture

import (
	"testing"

	"vmterminal/snapshot/durable/guard"
)

// runScenario runs the use cases of a scenario and records the store after each. It calls mark
// with false before each use case, and with true when the use case has been acknowledged.
func runScenario(t *testing.T, g *fixture, sc scenario, home string, drop guard.Guard, mark func(done bool)) history {
	t.Helper()
	s, observer := startSubject(t, drop), startSubject(t, "")
	defer s.stop()
	defer observer.stop()
	var h history
	for _, words := range sc.next {
		h.next = append(h.next, g.expandPaths(words))
	}
	recordWorld := func() {
		w, err := observer.inspect(home)
		if err != nil {
			t.Fatal(err)
		}
		h.worlds = append(h.worlds, w)
	}
	recordWorld()
	for _, step := range sc.steps {
		h.steps = append(h.steps, step)
		mark(false)
		if err := s.run(home, g.expandPaths(step)...); err != nil {
			t.Fatal(err)
		}
		mark(true)
		recordWorld()
	}
	return h
}
