package endtoend

import (
	"fmt"
	"slices"
	"testing"
)

// TestTwoWindowsAndCommands opens two windows on one store, each on a display of
// its own, while the guest floods its console and commands take snapshots: what
// is typed into one shows in the other, and both show what commands do, without
// being asked.
func TestTwoWindowsAndCommands(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.do("run", "--detach")
	s.answering("default")
	displays := []*display{newDisplay(t), newDisplay(t)}
	var programs []*program
	for _, d := range displays {
		programs = append(programs, d.open(s))
	}
	for i, d := range displays {
		d.awaitButton("the VM is on the window", primary, head)
		d.typed(s, fmt.Sprint("from-window-", i))
	}
	before := ink(displays[1].picture(), console)
	displays[0].write("ls -l / /usr")
	displays[0].press("Return")
	until(t, "one window shows what was typed into the other", func() bool {
		return ink(displays[1].picture(), console) > before+enough
	})

	displays[0].write("yes flooded")
	displays[0].press("Return")
	for _, d := range displays {
		if d.showsSnapshot() {
			t.Error("the window shows a snapshot, and there is none")
		}
	}
	for n := range 3 {
		s.do("snapshot", "create", fmt.Sprint("flooded-", n))
	}
	for i, d := range displays {
		until(t, "the window shows the snapshots of commands", d.showsSnapshot)
		d.keep(fmt.Sprint("window-", i))
	}
	displays[1].press("ctrl+c") // either may end what the other began
	displays[1].typed(s, "no-longer-flooded")

	// Both take a snapshot at the same time: each is done, or its window says why not.
	for _, d := range displays {
		d.press("ctrl+shift+s")
		d.awaitButton("the question for a name is there", primary, sheet)
		d.write(fmt.Sprint("of-display-", slices.Index(displays, d)))
	}
	for _, d := range displays {
		d.press("Return")
	}
	until(t, "one of two snapshots at the same time is there", func() bool {
		return slices.ContainsFunc(s.snapshots("default"), func(name string) bool { return len(name) == len("of-display-0") })
	})
	for _, p := range programs {
		p.kill()
	}
	for _, name := range s.snapshots("default") {
		s.do("snapshot", "verify", name)
	}
}
