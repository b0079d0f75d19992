package endtoend

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// TestMainJobInTheWindow is the main job by keys and clicks, while commands
// work on the same store.
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

// firstRun presses the card's button, and returns a command that is attached to
// the same console.
func firstRun(t *testing.T, s *store, d *display) *terminal {
	t.Helper()
	d.awaitButton("the first-run card is there", primary, sheet)
	d.keep("first-run")
	d.push(d.awaitButton("the card is where it stays", primary, sheet)) // what the host lacks has moved it up
	clicked := time.Now()
	until(t, "the VM runs", func() bool { return s.try("status").code == 0 && s.status().State == "running" })
	d.awaitButton("the VM is on the window", primary, head)
	d.keep("started")

	command := s.terminal("run")
	command.expectMatch(prompt)
	t.Logf("from the click to a shell: %s", took(clicked))
	reaches(t, d, command, "typed")
	d.keep("shell")

	// And what the command types shows in the window.
	before := ink(d.picture(), console)
	command.shell("ls -l / /usr", "listed")
	until(t, "the window shows what the command does", func() bool { return ink(d.picture(), console) > before })
	return command
}

// reaches types into the window until the guest has it: the window opens the
// console on its own time.
func reaches(t *testing.T, d *display, command *terminal, word string) {
	t.Helper()
	until(t, "what is typed into the window reaches the guest", func() bool {
		d.write(saying(word))
		d.press("Return")
		_, ok := command.matches(regexp.QuoteMeta(said(word)), 5*time.Second)
		return ok
	})
}

// inWindow types a line of shell into the window and waits until it was run.
func inWindow(d *display, command *terminal, line, word string) {
	d.t.Helper()
	d.write(line + "; " + saying(word))
	d.press("Return")
	command.expect(said(word))
}

func snapshotByButton(t *testing.T, s *store, d *display, command *terminal) {
	t.Helper()
	inWindow(d, command, "echo kept >"+precious, "saved")
	d.push(d.awaitButton("the Snapshot button is there", primary, head))
	d.awaitButton("the question for a name is there", primary, sheet)
	d.keep("snapshot-question")
	d.press("Return") // the name is filled in
	d.awaitAnswered()
	d.keep("snapshot-begins")
	until(t, "the snapshot is there", func() bool { return len(s.snapshots("default")) == 1 })
	if name := s.snapshots("default")[0]; !regexp.MustCompile(`^snapshot-\d{4}-\d\d-\d\d$`).MatchString(name) {
		t.Errorf("the snapshot is called %q", name)
	}
	d.awaitButton("the window is ready again", primary, head)
	d.keep("snapshot-done")
}

func snapshotByKeys(t *testing.T, s *store, d *display) {
	t.Helper()
	d.press("ctrl+shift+s")
	d.awaitButton("the question for a name is there", primary, sheet)
	d.write("by-keys")
	d.press("Tab")
	d.write("What the keys took")
	d.keep("snapshot-named")
	d.press("Return")
	until(t, "the second snapshot is there", func() bool { return slices.Contains(s.snapshots("default"), "by-keys") })
	d.awaitButton("the window is ready again", primary, head)
	d.keep("two-snapshots")
	matches(t, s.do("snapshot", "show", "by-keys").out, `(?s)Snapshot: by-keys\n.*\n  Description: What the keys took\n.*`)
}

func breakInWindow(d *display, command *terminal) {
	d.t.Helper()
	inWindow(d, command, "echo garbage >"+precious+"; sync; cat "+precious, "broken")
	d.keep("broken")
}

// restoreInWindow goes back to the newest snapshot while the VM runs.
func restoreInWindow(t *testing.T, s *store, d *display, command *terminal) {
	t.Helper()
	since := s.status().Since
	d.press("ctrl+shift+3")
	d.press("Return")
	restore := d.awaitButton("the question about the restore is there", warning, sheet)
	d.keep("restore-question")
	began := time.Now()
	d.push(restore)
	within(2*time.Second, func() bool { // else it was too fast for a picture
		now := d.picture()
		_, asked := button(now, warning, sheet)
		_, idle := button(now, primary, head)
		return !asked && !idle
	})
	d.keep("restoring")
	command.expect("VM 'default' is off: ")
	command.exit()
	until(t, "the VM runs again", func() bool {
		v := s.status()
		return v.State == "running" && v.Since.After(since)
	})
	s.answering("default")
	t.Logf("stop, restore and start again took %s", took(began))
	if got := s.guest("default", "cat "+precious); got != "kept\n" {
		t.Errorf("after the restore the file has %q", got)
	}
	d.awaitButton("the window is ready again", primary, head)
	d.keep("restored")
}

// closeAndOpenAgain closes the window of a running VM, and finds all as it was.
func closeAndOpenAgain(t *testing.T, s *store, d *display, p *program) {
	t.Helper()
	command := s.terminal("run")
	command.expectMatch(prompt)
	reaches(t, d, command, "again")
	inWindow(d, command, "cat "+precious, "read")
	until(t, "the window shows the text", func() bool { return ink(d.picture(), console) > enough })
	d.keep("before-closing")

	host := hostRecord(t, s)
	p.close()
	p.ends()
	if v := s.status(); v.State != "running" || hostRecord(t, s) != host {
		t.Errorf("after the window was closed the VM is %+v", v)
	}
	command.shell("cd", "alive")

	p = d.open(s)
	d.awaitButton("the VM is on the window", primary, head)
	until(t, "the console's text is there again", func() bool { return ink(d.picture(), console) > enough })
	d.keep("opened-again")
	reaches(t, d, command, "reopened")
	d.keep("typed-again")
	p.close()
	p.ends()
}

// enough points are text: the cursor alone is under 300.
const enough = 3000

// hostRecord is what the host process says of itself: another one, or another
// start, says something else.
func hostRecord(t *testing.T, s *store) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder("default"), "host.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
