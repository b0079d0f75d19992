package endtoend

import (
	"slices"
	"strings"
	"testing"
)

// choose opens the menu of the part that has the keyboard and takes its n-th
// item, counted from 1; lines between items do not count.
func (d *display) choose(n int) {
	d.t.Helper()
	d.press("Menu")
	for range n {
		d.press("Down")
	}
	d.press("Return")
}

// The places of items in the menus of a VM and of a snapshot.
const (
	itemSettings  = 5
	itemNewVM     = 2
	itemRename    = 3
	itemDescribe  = 4
	itemPin       = 5
	itemVerify    = 6
	itemExport    = 7
	vmsByKey      = "ctrl+shift+1"
	historyByKeys = "ctrl+shift+3"
)

// TestWindowManages does to a stopped VM and its snapshot, by keys alone, what
// menus offer.
func TestWindowManages(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "default", "--disk-size", "1024")
	s.do("snapshot", "create", "first")
	d := newDisplay(t)
	p := d.open(s)
	d.awaitButton("the VM is on the window", primary, head)

	d.press(vmsByKey)
	d.choose(itemSettings)
	d.awaitButton("the settings are there", primary, sheet)
	d.keep("settings")
	d.press("ctrl+a")
	d.write("renamed")
	d.press("Tab")
	d.press("ctrl+a")
	d.write("3")
	d.press("Return")
	d.awaitAnswered()
	until(t, "the VM has its new name and CPUs", func() bool {
		r := s.try("vm", "show", "renamed", "--json")
		return r.code == 0 && strings.Contains(r.out, `"cpus":3,`)
	})

	managesSnapshot(t, s, d)
	p.close()
	p.ends()
}

func managesSnapshot(t *testing.T, s *store, d *display) {
	t.Helper()
	d.press(historyByKeys)
	d.choose(itemRename)
	d.press("ctrl+a")
	d.write("second")
	d.press("Return")
	until(t, "the snapshot has its new name", func() bool { return slices.Equal(s.snapshots("renamed"), []string{"second"}) })
	d.press(historyByKeys)
	d.choose(itemDescribe)
	d.write("worth going back to")
	d.press("Return")
	shows := func(what, text string) {
		t.Helper()
		until(t, what, func() bool {
			return strings.Contains(s.do("snapshot", "show", "second", "--vm", "renamed", "--json").out, text)
		})
	}
	shows("the snapshot has a description", `"description":"worth going back to"`)
	d.press(historyByKeys)
	d.choose(itemPin)
	shows("the snapshot is pinned", `"pinned":true`)
	d.press(historyByKeys)
	d.choose(itemVerify)
	shows("the snapshot is verified", `"verified_at":`)
	d.keep("snapshot-managed")

	d.press(historyByKeys)
	d.choose(itemNewVM)
	d.awaitButton("the new VM's name is asked for", primary, sheet)
	d.press("ctrl+a")
	d.write("offspring")
	d.press("Return")
	d.awaitAnswered()
	until(t, "the new VM is there", func() bool { return s.try("vm", "show", "offspring").code == 0 })

	d.press(historyByKeys)
	d.choose(itemExport)
	d.awaitButton("the file is asked for", primary, sheet)
	d.press("ctrl+a")
	file := t.TempDir() + "/taken-away.raw.gz"
	d.write(file)
	d.press("Return")
	d.awaitAnswered()
	until(t, "the file imports elsewhere", func() bool {
		return s.try("snapshot", "import", file, "--name", "again", "--vm", "offspring").code == 0
	})
	d.keep("exported")
}
