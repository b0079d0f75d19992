package torture

import (
	"testing"

	"vmterminal/app/ondisk/guard"
)

// run does the use cases of a scenario, and looks at the store between them. mark
// is called before each begins, and when it is acknowledged.
func run(t *testing.T, g *ground, sc scenario, home string, drop guard.Guard, mark func(done bool)) history {
	t.Helper()
	s, watcher := start(t, drop), start(t, "")
	defer s.end()
	defer watcher.end()
	var h history
	for _, words := range sc.next {
		h.next = append(h.next, g.words(words))
	}
	see := func() {
		w, err := watcher.look(home)
		if err != nil {
			t.Fatal(err)
		}
		h.worlds = append(h.worlds, w)
	}
	see()
	for _, deed := range sc.deeds {
		h.deeds = append(h.deeds, deed)
		mark(false)
		if err := s.do(home, g.words(deed)...); err != nil {
			t.Fatal(err)
		}
		mark(true)
		see()
	}
	return h
}
