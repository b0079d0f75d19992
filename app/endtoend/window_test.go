package endtoend

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// TestMainJobInTheWindow does the main job with keys and clicks, while commands use the same
// store: it starts a VM, takes snapshots, breaks a file and restores it.
func TestMainJobInTheWindow(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := newDisplay(t)
	p := d.open(s)
	command := firstRun(t, s, d)
	snapshotByButton(t, s, d, command)
	snapshotByKeys(t, s, d)
	breakInWindow(d, command)
	restoreInWindow(t, s, d, command)
	closeAndOpenAgain(t, s, d, p)
}

// firstRun presses the button on the welcome card and returns a command attached to the same console.
func firstRun(t *testing.T, s *store, d *display) *terminal {
	t.Helper()
	d.waitButton("the first-run card is shown", primary, dialogArea)
	d.savePicture("first-run")
	clicked := time.Now()
	startFirstVM(t, s, d)
	d.waitButton("the window shows the VM", primary, headerArea)
	d.savePicture("started")

	command := s.terminal("run")
	command.expectMatch(prompt)
	t.Logf("from the click to a shell: %s", roundedSince(clicked))
	typeUntilShown(t, d, command, "typed")
	d.savePicture("shell")

	// The attached command's output appears in the window, too.
	before := countForeground(d.takePicture(), consoleArea)
	command.runInShell("ls -l / /usr", "listed")
	waitUntil(t, "the window shows the output of the command", func() bool { return countForeground(d.takePicture(), consoleArea) > before })
	return command
}

// startFirstVM clicks the button on the first-run card and waits until the VM runs. Warnings about
// the host can move the button away from a click.
func startFirstVM(t *testing.T, s *store, d *display) {
	t.Helper()
	exists := func() bool { return s.run("status").code == 0 }
	waitUntil(t, "the VM exists", func() bool {
		if at, there := findButton(d.takePicture(), primary, dialogArea); there && !exists() {
			d.clickButton(at)
		}
		return pollUntil(5*time.Second, exists)
	})
	waitUntil(t, "the VM runs", func() bool { return s.status().State == "running" })
}

// typeUntilShown types a command into the window until the guest has run it: the window may not
// be connected yet.
func typeUntilShown(t *testing.T, d *display, command *terminal, word string) {
	t.Helper()
	waitUntil(t, "the guest receives the typed text", func() bool {
		d.typeText(markerCommand(word))
		d.press("Return")
		_, ok := command.waitForMatch(regexp.QuoteMeta(marker(word)), 5*time.Second)
		return ok
	})
}

// runInWindow types a shell command into the window and waits until it has run.
func runInWindow(d *display, command *terminal, line, word string) {
	d.t.Helper()
	d.typeText(line + "; " + markerCommand(word))
	d.press("Return")
	command.expect(marker(word))
}

func snapshotByButton(t *testing.T, s *store, d *display, command *terminal) {
	t.Helper()
	runInWindow(d, command, "echo kept >"+testFile, "saved")
	d.clickButton(d.waitButton("the Snapshot button is shown", primary, headerArea))
	d.waitButton("the name dialog is open", primary, dialogArea)
	d.savePicture("snapshot-question")
	d.press("Return") // the name is filled in
	d.waitDialogClosed()
	d.savePicture("snapshot-begins")
	waitUntil(t, "the snapshot exists", func() bool { return len(s.snapshots("default")) == 1 })
	if name := s.snapshots("default")[0]; !regexp.MustCompile(`^snapshot-\d{4}-\d\d-\d\d$`).MatchString(name) {
		t.Errorf("got snapshot name %q, want snapshot-DATE", name)
	}
	d.waitButton("the window is ready again", primary, headerArea)
	d.savePicture("snapshot-done")
}

func snapshotByKeys(t *testing.T, s *store, d *display) {
	t.Helper()
	d.press("ctrl+shift+s")
	d.waitButton("the name dialog is open", primary, dialogArea)
	d.typeText("by-keys")
	d.press("Tab")
	d.typeText("What the keys took")
	d.savePicture("snapshot-named")
	d.press("Return")
	waitUntil(t, "the second snapshot exists", func() bool { return slices.Contains(s.snapshots("default"), "by-keys") })
	d.waitButton("the window is ready again", primary, headerArea)
	d.savePicture("two-snapshots")
	checkMatch(t, s.mustRun("snapshot", "show", "by-keys").out, `(?s)Snapshot: by-keys\n.*\n  Description: What the keys took\n.*`)
}

func breakInWindow(d *display, command *terminal) {
	d.t.Helper()
	runInWindow(d, command, "echo garbage >"+testFile+"; sync; cat "+testFile, "broken")
	d.savePicture("broken")
}

// restoreInWindow restores the newest snapshot while the VM runs.
func restoreInWindow(t *testing.T, s *store, d *display, command *terminal) {
	t.Helper()
	since := s.status().Since
	d.press("ctrl+shift+3")
	d.press("Return")
	restore := d.waitButton("the restore dialog is open", warning, dialogArea)
	d.savePicture("restore-question")
	began := time.Now()
	d.clickButton(restore)
	pollUntil(2*time.Second, func() bool { // may be too fast for a picture
		now := d.takePicture()
		_, asked := findButton(now, warning, dialogArea)
		_, idle := findButton(now, primary, headerArea)
		return !asked && !idle
	})
	d.savePicture("restoring")
	command.expectMatch("VM 'default' (is off: |was restarted)") // restarted before a busy command looked
	command.waitExit()
	waitUntil(t, "the VM runs again", func() bool {
		v := s.status()
		return v.State == "running" && v.Since.After(since)
	})
	s.waitForAgent("default")
	t.Logf("stop, restore and restart took %s", roundedSince(began))
	if got := s.runInGuest("default", "cat "+testFile); got != "kept\n" {
		t.Errorf("file after the restore: got %q, want \"kept\"", got)
	}
	d.waitButton("the window is ready again", primary, headerArea)
	d.savePicture("restored")
}

// closeAndOpenAgain closes the window of a running VM and checks that a new window shows the
// same console.
func closeAndOpenAgain(t *testing.T, s *store, d *display, p *program) {
	t.Helper()
	command := s.terminal("run")
	command.expectMatch(prompt)
	typeUntilShown(t, d, command, "again")
	runInWindow(d, command, "cat "+testFile, "read")
	waitUntil(t, "the window shows the text", func() bool { return countForeground(d.takePicture(), consoleArea) > textPixels })
	d.savePicture("before-closing")

	host := supervisorState(t, s)
	p.close()
	p.waitExit()
	if v := s.status(); v.State != "running" || supervisorState(t, s) != host {
		t.Errorf("VM after the window was closed: got %+v, want the same running VM", v)
	}
	command.runInShell("cd", "alive")

	p = d.open(s)
	d.waitButton("the window shows the VM", primary, headerArea)
	waitUntil(t, "the console's text is shown again", func() bool { return countForeground(d.takePicture(), consoleArea) > textPixels })
	d.savePicture("opened-again")
	typeUntilShown(t, d, command, "reopened")
	d.savePicture("typed-again")
	p.close()
	p.waitExit()
}

// textPixels is the number of pixels above which the console shows text; the cursor has fewer
// than 300.
const textPixels = 3000

// supervisorState returns the contents of the supervisor's state file, which differ for each
// supervisor and start.
func supervisorState(t *testing.T, s *store) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.vmDir("default"), "host.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
