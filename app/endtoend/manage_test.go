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

// choose opens the menu of the focused pane and selects its n-th item, counting from 1 and
// skipping separators.
func (d *display) choose(n int) {
	d.t.Helper()
	d.press("Menu")
	for range n {
		d.press("Down")
	}
	d.press("Return")
}

// Positions of items in the menus of a VM and of a snapshot, and keyboard shortcuts.
const (
	itemSettings  = 5
	itemDeleteVM  = 10
	itemNewVM     = 3
	itemRename    = 4
	itemDescribe  = 5
	itemPin       = 6
	itemVerify    = 7
	itemExport    = 8
	itemDelete    = 9
	itemImport    = 3 // in the menu above the snapshots
	vmsByKey      = "ctrl+shift+1"
	historyByKeys = "ctrl+shift+3"
)

// snapshotsMenu is the point to click to open the menu above the snapshots.
var snapshotsMenu = image.Pt(1205, 82)

// TestWindowManages uses the menus of a stopped VM and its snapshot, mostly with keys.
func TestWindowManages(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "default", "--disk-size", "1024")
	s.mustRun("snapshot", "create", "first")
	d := newDisplay(t)
	p := d.open(s)
	d.waitButton("the window shows the VM", primary, headerArea)

	d.press(vmsByKey)
	d.choose(itemSettings)
	d.waitButton("the settings dialog is open", primary, dialogArea)
	d.savePicture("settings")
	d.press("ctrl+a")
	d.typeText("renamed")
	d.press("Tab")
	d.press("ctrl+a")
	d.typeText("3")
	d.press("Return")
	d.waitDialogClosed()
	waitUntil(t, "the VM has its new name and CPUs", func() bool {
		r := s.run("vm", "show", "renamed", "--json")
		return r.code == 0 && strings.Contains(r.out, `"cpus":3,`)
	})

	editSnapshot(t, s, d)
	transferSnapshot(t, s, d)
	deleteSnapshotAndVM(t, s, d)
	p.close()
	p.waitExit()
}

// retryAfter is how long a job that was started in the window may take before the test assumes
// that its dialog did not open. Starting it again while it runs would misdirect the keys.
const retryAfter = 2 * time.Minute

// chooseForSnapshot selects an item in the selected snapshot's menu and calls then. It tries
// again until done returns true, because the window may not have read the latest state yet.
func (d *display) chooseForSnapshot(what string, item int, then func(), done func() bool) {
	d.t.Helper()
	waitUntil(d.t, what, func() bool {
		d.press(historyByKeys)
		d.choose(item)
		then()
		if pollUntil(retryAfter, done) {
			return true
		}
		d.press("Escape")
		return done()
	})
}

// replaceText returns a function that replaces the text in the focused field and presses Enter.
func (d *display) replaceText(text string) func() {
	return func() {
		d.press("ctrl+a")
		d.typeText(text)
		d.press("Return")
	}
}

func editSnapshot(t *testing.T, s *store, d *display) {
	t.Helper()
	shows := func(text string) func() bool {
		return func() bool {
			r := s.run("snapshot", "show", "second", "--vm", "renamed", "--json")
			return r.code == 0 && strings.Contains(r.out, text)
		}
	}
	d.chooseForSnapshot("the snapshot has its new name", itemRename, d.replaceText("second"), shows(`"name":"second"`))
	d.chooseForSnapshot("the snapshot has a description", itemDescribe, d.replaceText("worth going back to"), shows(`"description":"worth going back to"`))
	nothing := func() {}
	d.chooseForSnapshot("the snapshot is pinned", itemPin, nothing, shows(`"pinned":true`))
	d.chooseForSnapshot("the snapshot is verified", itemVerify, nothing, shows(`"verified_at":`))
	d.savePicture("snapshot-managed")
}

// transferSnapshot exports the snapshot to a file, imports it under another name, and creates a VM from
// it.
func transferSnapshot(t *testing.T, s *store, d *display) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "carried.raw.gz")
	d.chooseForSnapshot("the snapshot is exported", itemExport, d.replaceText(out), func() bool {
		_, err := os.Stat(out)
		return err == nil
	})
	if text, err := exec.Command("gunzip", "-t", out).CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("gunzip -t: got error %v, want none, and no output:\n%s", err, text)
	}
	shows := func(args ...string) func() bool { return func() bool { return s.run(args...).code == 0 } }
	waitUntil(t, "the snapshot is imported", func() bool {
		d.click(snapshotsMenu.X, snapshotsMenu.Y)
		for range itemImport {
			d.press("Down")
		}
		d.press("Return")
		d.press("ctrl+a")
		d.typeText(out)
		d.press("Tab")
		d.press("Tab")
		d.replaceText("carried")() // the name in the file is already in use
		carried := shows("snapshot", "show", "carried", "--vm", "renamed")
		if !pollUntil(retryAfter, carried) {
			d.press("Escape")
		}
		return carried()
	})
	d.chooseForSnapshot("a VM is created from the snapshot", itemNewVM, d.replaceText("copied"), shows("vm", "show", "copied"))
	d.savePicture("snapshot-carried")
	was, err := os.Open(s.diskPath("renamed")) // unchanged: the VM has not run
	if err != nil {
		t.Fatal(err)
	}
	defer was.Close()
	is, err := os.Open(s.diskPath("copied"))
	if err != nil {
		t.Fatal(err)
	}
	defer is.Close()
	if different := compareStreams(was, is); different != "" {
		t.Error("compare the disks of the snapshot and the new VM: " + different)
	}
}

// deleteSnapshotAndVM deletes a snapshot and then its VM. To delete a VM that has snapshots,
// its name must be typed.
func deleteSnapshotAndVM(t *testing.T, s *store, d *display) {
	t.Helper()
	d.press(historyByKeys)
	d.choose(itemDelete)
	d.clickButton(d.waitButton("the delete dialog is open", danger, dialogArea))
	waitUntil(t, "the snapshot is deleted", func() bool { return s.run("snapshot", "show", "second", "--vm", "renamed").code == 3 })
	d.stablePicture()

	d.press(vmsByKey)
	d.choose(itemDeleteVM)
	d.stablePicture()
	if _, there := findButton(d.takePicture(), danger, dialogArea); there {
		t.Error("the delete button is enabled before the VM's name is typed")
	}
	d.typeText("renamed")
	d.clickButton(d.waitButton("the VM can be deleted", danger, dialogArea))
	waitUntil(t, "the VM is deleted", func() bool { return s.run("vm", "show", "renamed").code == 3 })
	d.savePicture("vm-deleted")
	if r := s.run("vm", "create", "renamed", "--reuse-data"); r.code != 0 || s.run("snapshot", "show", "carried", "--vm", "renamed").code != 0 {
		t.Errorf("create a VM with the remaining data and its snapshot: %s", r.stderr)
	}
}
