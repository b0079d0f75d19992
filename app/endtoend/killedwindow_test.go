package endtoend

import (
	"image"
	"os"
	"slices"
	"syscall"
	"testing"
)

// kill kills the program, as a crash does.
func (p *program) kill() {
	p.d.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		p.d.t.Fatalf("the window has ended already: %v", err)
	}
	<-p.ended
}

// showsSnapshot tells whether a snapshot is marked as what the disk is. With none
// there is nothing of that colour in the pane.
func (d *display) showsSnapshot() bool {
	m := d.picture()
	for y := marks.Min.Y; y < marks.Max.Y; y += 2 {
		for x := marks.Min.X; x < marks.Max.X; x += 2 {
			if near(m, image.Pt(x, y), primary) {
				return true
			}
		}
	}
	return false
}

// TestWindowIsKilled kills the window of a running VM, at rest and while it takes
// a live snapshot: the VM goes on, nothing is half there, and commands and the
// next window find all at once.
func TestWindowIsKilled(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.do("run", "--detach")
	s.answering("default")
	command := s.terminal("run")
	command.expectMatch(prompt)
	command.shell("ls -l / /usr", "listed")
	host := hostRecord(t, s)

	d := newDisplay(t)
	p := d.open(s)
	d.awaitButton("the VM is on the window", primary, head)
	until(t, "the window shows the console", func() bool { return ink(d.picture(), console) > enough })
	p.kill()
	command.shell("cd", "alive")
	goesOn(t, s, host)

	p = d.open(s)
	d.awaitButton("the VM is on the window", primary, head)
	until(t, "the console's text is there again", func() bool { return ink(d.picture(), console) > enough })
	s.guest("default", "head -c 60000000 /dev/urandom >/root/noise; sync")
	d.press("ctrl+shift+s")
	d.awaitButton("the question for a name is there", primary, sheet)
	d.press("Return")
	until(t, "the snapshot is being written", func() bool { return hasUnfinished(s) })
	p.kill()
	if !hasUnfinished(s) {
		t.Error("the snapshot was done before the window was killed: this shows nothing")
	}
	if names := s.snapshots("default"); len(names) > 0 {
		t.Errorf("a snapshot that was not done is listed: %q", names)
	}
	goesOn(t, s, host)
	command.shell("echo kept >/root/kept; sync", "writes") // nobody is frozen

	p = d.open(s)
	d.awaitButton("the VM is on the window", primary, head)
	if d.showsSnapshot() {
		t.Error("the window shows a snapshot, and there is none")
	}
	s.do("snapshot", "create", "next")
	if hasUnfinished(s) {
		t.Errorf("the next snapshot leaves %q", inSnapshots(s, "default"))
	}
	s.do("snapshot", "verify", "next")
	until(t, "the window shows the snapshot of a command", d.showsSnapshot)
	d.keep("snapshot-of-a-command")
	p.close()
	p.ends()
}

// goesOn looks whether the same VM runs in the same host process.
func goesOn(t *testing.T, s *store, host string) {
	t.Helper()
	if v := s.status(); v.State != "running" || hostRecord(t, s) != host {
		t.Errorf("after the window was killed the VM is %+v", v)
	}
}

// hasUnfinished tells whether there is a file in the folder of snapshots that is
// not whole.
func hasUnfinished(s *store) bool {
	entries, _ := os.ReadDir(s.folder("default") + "/snapshots")
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name()[0] == '.' })
}
