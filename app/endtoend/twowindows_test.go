package endtoend

import (
	"fmt"
	"slices"
	"testing"
)

// TestTwoWindowsAndCommands opens two windows on one store, each on its own display, while the
// guest floods its console and commands take snapshots. It checks that input in one window
// appears in the other, and that both show the results of commands without a refresh.
func TestTwoWindowsAndCommands(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.mustRun("run", "--detach")
	s.waitForAgent("default")
	displays := []*display{newDisplay(t), newDisplay(t)}
	var programs []*program
	for _, d := range displays {
		programs = append(programs, d.open(s))
	}
	for i, d := range displays {
		d.waitButton("the window shows the VM", primary, headerArea)
		d.typeUntilReceived(s, fmt.Sprint("from-window-", i))
	}
	before := countForeground(displays[1].takePicture(), consoleArea)
	displays[0].typeText("ls -l / /usr")
	displays[0].press("Return")
	waitUntil(t, "one window shows the text typed into the other", func() bool {
		return countForeground(displays[1].takePicture(), consoleArea) > before+textPixels
	})

	displays[0].typeText("yes flooded")
	displays[0].press("Return")
	for _, d := range displays {
		if d.showsCurrentSnapshot() {
			t.Error("the window shows a snapshot, want none")
		}
	}
	for n := range 3 {
		s.mustRun("snapshot", "create", fmt.Sprint("flooded-", n))
	}
	for i, d := range displays {
		waitUntil(t, "the window shows the snapshots of commands", d.showsCurrentSnapshot)
		d.savePicture(fmt.Sprint("window-", i))
	}
	displays[1].press("ctrl+c") // stop the flood from the other window
	displays[1].typeUntilReceived(s, "no-longer-flooded")

	// Both windows take a snapshot at the same time. Each succeeds, or its window shows why it
	// failed.
	for _, d := range displays {
		d.press("ctrl+shift+s")
		d.waitButton("the name dialog is open", primary, dialogArea)
		d.typeText(fmt.Sprint("of-display-", slices.Index(displays, d)))
	}
	for _, d := range displays {
		d.press("Return")
	}
	waitUntil(t, "one of two simultaneous snapshots exists", func() bool {
		return slices.ContainsFunc(s.snapshots("default"), func(name string) bool { return len(name) == len("of-display-0") })
	})
	for _, p := range programs {
		p.kill()
	}
	for _, name := range s.snapshots("default") {
		s.mustRun("snapshot", "verify", name)
	}
}
