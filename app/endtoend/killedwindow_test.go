package endtoend

import (
	"image"
	"os"
	"slices"
	"syscall"
	"testing"
)

// kill kills the program, which simulates a crash.
func (p *program) kill() {
	p.d.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		p.d.t.Fatalf("kill the window: %v", err)
	}
	<-p.exited
}

// showsCurrentSnapshot reports whether a snapshot is marked as the current one. Nothing else in
// the pane has the mark's color.
func (d *display) showsCurrentSnapshot() bool {
	m := d.takePicture()
	for y := marksArea.Min.Y; y < marksArea.Max.Y; y += 2 {
		for x := marksArea.Min.X; x < marksArea.Max.X; x += 2 {
			if hasColor(m, image.Pt(x, y), primary) {
				return true
			}
		}
	}
	return false
}

// TestWindowIsKilled kills the window of a running VM, first while it is idle and then during a
// snapshot. It checks that the VM keeps running, that no incomplete snapshot is listed, and
// that commands and the next window work at once.
func TestWindowIsKilled(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.mustRun("run", "--detach")
	s.waitForAgent("default")
	command := s.terminal("run")
	command.expectMatch(prompt)
	command.runInShell("ls -l / /usr", "listed")
	host := supervisorState(t, s)

	d := newDisplay(t)
	p := d.open(s)
	d.waitButton("the window shows the VM", primary, headerArea)
	waitUntil(t, "the window shows the console", func() bool { return countForeground(d.takePicture(), consoleArea) > textPixels })
	p.kill()
	command.runInShell("cd", "alive")
	checkStillRunning(t, s, host)

	p = d.open(s, oneProcessor)
	d.waitButton("the window shows the VM", primary, headerArea)
	waitUntil(t, "the console's text is shown again", func() bool { return countForeground(d.takePicture(), consoleArea) > textPixels })
	s.runInGuest("default", "head -c 60000000 /dev/urandom >/root/noise; sync")
	d.press("ctrl+shift+s")
	d.waitButton("the name dialog is open", primary, dialogArea)
	d.press("Return")
	waitUntil(t, "the snapshot is being written", func() bool { return hasUnfinishedFiles(s) })
	p.kill()
	if !hasUnfinishedFiles(s) {
		t.Error("the snapshot was complete before the window was killed")
	}
	if names := s.snapshots("default"); len(names) > 0 {
		t.Errorf("unfinished snapshot: got %q listed, want none", names)
	}
	checkStillRunning(t, s, host)
	command.runInShell("echo kept >/root/kept; sync", "writes") // the guest is not frozen

	p = d.open(s)
	d.waitButton("the window shows the VM", primary, headerArea)
	if d.showsCurrentSnapshot() {
		t.Error("the window shows a snapshot, want none")
	}
	s.mustRun("snapshot", "create", "next")
	if hasUnfinishedFiles(s) {
		t.Errorf("unfinished files after the next snapshot: got %q, want none", snapshotFiles(s, "default"))
	}
	s.mustRun("snapshot", "verify", "next")
	waitUntil(t, "the window shows the snapshot of a command", d.showsCurrentSnapshot)
	d.savePicture("snapshot-of-a-command")
	p.close()
	p.waitExit()
}

// checkStillRunning checks that the same VM runs with the same supervisor.
func checkStillRunning(t *testing.T, s *store, host string) {
	t.Helper()
	if v := s.status(); v.State != "running" || supervisorState(t, s) != host {
		t.Errorf("VM after the window was killed: got %+v, want the same running VM", v)
	}
}

// hasUnfinishedFiles reports whether the snapshots folder contains an unfinished file.
func hasUnfinishedFiles(s *store) bool {
	entries, _ := os.ReadDir(s.vmDir("default") + "/snapshots")
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name()[0] == '.' })
}
