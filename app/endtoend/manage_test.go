package endtoend

import (
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	itemDeleteVM  = 9
	itemNewVM     = 2
	itemRename    = 3
	itemDescribe  = 4
	itemPin       = 5
	itemVerify    = 6
	itemExport    = 7
	itemDelete    = 8
	itemImport    = 3 // of the menu above the snapshots
	vmsByKey      = "ctrl+shift+1"
	historyByKeys = "ctrl+shift+3"
)

// snapshotsMenu is where the menu of all snapshots opens.
var snapshotsMenu = image.Pt(1205, 82)

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
	carriesSnapshot(t, s, d)
	deletes(t, s, d)
	p.close()
	p.ends()
}

// onSnapshot takes an item of the chosen snapshot's menu and goes on with then,
// until done: what the window has not read yet it refuses, or does to what was.
func (d *display) onSnapshot(what string, item int, then func(), done func() bool) {
	d.t.Helper()
	until(d.t, what, func() bool {
		d.press(historyByKeys)
		d.choose(item)
		then()
		if within(10*time.Second, done) {
			return true
		}
		d.press("Escape")
		return false
	})
}

// typing types over what is in the field that has the keyboard, and enters it.
func (d *display) typing(text string) func() {
	return func() {
		d.press("ctrl+a")
		d.write(text)
		d.press("Return")
	}
}

func managesSnapshot(t *testing.T, s *store, d *display) {
	t.Helper()
	shows := func(text string) func() bool {
		return func() bool {
			r := s.try("snapshot", "show", "second", "--vm", "renamed", "--json")
			return r.code == 0 && strings.Contains(r.out, text)
		}
	}
	d.onSnapshot("the snapshot has its new name", itemRename, d.typing("second"), shows(`"name":"second"`))
	d.onSnapshot("the snapshot has a description", itemDescribe, d.typing("worth going back to"), shows(`"description":"worth going back to"`))
	nothing := func() {}
	d.onSnapshot("the snapshot is pinned", itemPin, nothing, shows(`"pinned":true`))
	d.onSnapshot("the snapshot is verified", itemVerify, nothing, shows(`"verified_at":`))
	d.keep("snapshot-managed")
}

// carriesSnapshot takes the snapshot out to a file, in from it under another name,
// and makes a VM of it.
func carriesSnapshot(t *testing.T, s *store, d *display) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "carried.raw.gz")
	d.onSnapshot("the snapshot is exported", itemExport, d.typing(out), func() bool {
		_, err := os.Stat(out)
		return err == nil
	})
	if text, err := exec.Command("gunzip", "-t", out).CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("gunzip -t: %v\n%s", err, text)
	}
	shows := func(args ...string) func() bool { return func() bool { return s.try(args...).code == 0 } }
	until(t, "the snapshot is imported", func() bool {
		d.click(snapshotsMenu.X, snapshotsMenu.Y)
		for range itemImport {
			d.press("Down")
		}
		d.press("Return")
		d.press("ctrl+a")
		d.write(out)
		d.press("Tab")
		d.press("Tab")
		d.typing("carried")() // the one that the file carries is taken
		if !within(5*time.Second, shows("snapshot", "show", "carried", "--vm", "renamed")) {
			d.press("Escape")
			return false
		}
		return true
	})
	d.onSnapshot("a VM is made of the snapshot", itemNewVM, d.typing("copied"), shows("vm", "show", "copied"))
	d.keep("snapshot-carried")
	was, err := os.Open(s.disk("renamed")) // it has not run since
	if err != nil {
		t.Fatal(err)
	}
	defer was.Close()
	is, err := os.Open(s.disk("copied"))
	if err != nil {
		t.Fatal(err)
	}
	defer is.Close()
	if different := same(was, is); different != "" {
		t.Error("the disks of the snapshot and of the new VM: " + different)
	}
}

// deletes takes a snapshot away, then its VM, whose name has to be typed while it
// has snapshots.
func deletes(t *testing.T, s *store, d *display) {
	t.Helper()
	d.press(historyByKeys)
	d.choose(itemDelete)
	d.push(d.awaitButton("the question before a snapshot is deleted", danger, sheet))
	until(t, "the snapshot is gone", func() bool { return s.try("snapshot", "show", "second", "--vm", "renamed").code == 3 })
	d.settled()

	d.press(vmsByKey)
	d.choose(itemDeleteVM)
	d.settled()
	if _, there := button(d.picture(), danger, sheet); there {
		t.Error("a VM with snapshots could be deleted without its name being typed")
	}
	d.write("renamed")
	d.push(d.awaitButton("the VM can be deleted", danger, sheet))
	until(t, "the VM is gone", func() bool { return s.try("vm", "show", "renamed").code == 3 })
	d.keep("vm-deleted")
	if r := s.try("vm", "create", "renamed", "--adopt"); r.code != 0 || s.try("snapshot", "show", "carried", "--vm", "renamed").code != 0 {
		t.Errorf("what was left cannot be taken over: %s", r.said)
	}
}
