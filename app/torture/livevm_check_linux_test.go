package torture

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot/durable"
)

// checkWorks checks that a running VM is unaffected by a kill: its status is available, the guest
// runs commands, its console works, and the next snapshot finds a guest that is not frozen.
func (l *liveVM) checkWorks() {
	l.t.Helper()
	if s := l.status(); s.State != "running" {
		l.t.Errorf("VM state: got %q, want running\n%s", s.State, l.logs())
	}
	word := fmt.Sprint("round-", l.round)
	if got := l.guest("echo " + word + " >/root/last && sync && cat /root/last"); got != word+"\n" {
		l.t.Errorf("file in the guest: got %q, want %q", got, word+"\n")
	}
	l.checkConsole(word)
	l.mustRun("snapshot", "create", word)
	var shown struct{ Snapshot struct{ Taken string } }
	if err := json.Unmarshal([]byte(l.mustRun("snapshot", "show", word, "--json")), &shown); err != nil {
		l.t.Fatal(err)
	}
	if shown.Snapshot.Taken != "frozen" {
		l.t.Errorf("next snapshot: got %q, want frozen", shown.Snapshot.Taken)
	}
	l.verifyAndDeleteSnapshots(word)
	l.checkGone(l.vm().Fleece())
}

func (l *liveVM) checkGone(path string) {
	l.t.Helper()
	if _, err := os.Lstat(path); err == nil {
		l.t.Errorf("%s still exists", filepath.Base(path))
	}
}

// checkConsole types a command into the console and waits for its output.
func (l *liveVM) checkConsole(word string) {
	l.t.Helper()
	c, err := l.svc.Console(l.t.Context(), usecase.VM)
	if err != nil {
		l.t.Errorf("attaching to the console: %v", err)
		return
	}
	defer c.Close()
	late := time.AfterFunc(liveTimeout, func() { c.Close() })
	defer late.Stop()
	// End the flood first. The shell's output differs from its input.
	if _, err := fmt.Fprintf(c, "\x03\n\necho %s-$((6*7))\n", word); err != nil {
		l.t.Errorf("typing into the console: %v", err)
	}
	var text []byte
	buf := make([]byte, 64<<10)
	for !strings.Contains(string(text), word+"-42") {
		n, err := c.Read(buf)
		text = append(text[max(0, len(text)-1000):], buf[:n]...)
		if err != nil {
			l.t.Errorf("the console was closed (%v) after %q\n%s", err, text, l.logs())
			return
		}
	}
}

// verifyAndDeleteSnapshots verifies every listed snapshot except undisturbed, and deletes all
// of them. Then no snapshot files may be left.
func (l *liveVM) verifyAndDeleteSnapshots(undisturbed string) {
	l.t.Helper()
	var list struct {
		Snapshots []struct{ Name, State string }
	}
	if err := json.Unmarshal([]byte(l.mustRun("snapshot", "list", "--json")), &list); err != nil {
		l.t.Fatal(err)
	}
	for _, s := range list.Snapshots {
		if s.Name != undisturbed {
			if e := l.run("snapshot", "verify", s.Name); e.exit != 0 {
				l.t.Errorf("interrupted snapshot %s (%s) does not verify: %s", s.Name, s.State, e.err)
			}
		}
		l.mustRun("snapshot", "delete", s.Name)
	}
	if left := leftoversIn(string(l.home)); len(left) > 0 {
		l.t.Errorf("got leftovers %q, want none", left)
	}
	if files, _ := os.ReadDir(l.vm().Snapshots()); len(files) > 0 {
		l.t.Errorf("all snapshots deleted: got files %v, want none", files)
	}
}

// checkOff checks that a stopped VM has no processes or lock. With clean, for a regular
// shutdown, it must also have left no files behind, and its file system must be clean.
func (l *liveVM) checkOff(clean bool) {
	l.t.Helper()
	l.waitUntil("all processes have exited", func() bool {
		return len(l.pids(victimSupervisor))+len(l.pids(victimQEMU))+len(l.pids(victimCommand)) == 0
	})
	if locked, by := durable.IsLocked(l.vm().Lock()); locked {
		l.t.Errorf("stopped VM: still locked by %+v", by)
	}
	if !clean {
		return
	}
	l.checkGone(l.vm().Supervisor())
	l.checkGone(l.vm().Fleece())
	_ = filepath.WalkDir(l.home.Run(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != l.home.Run() {
			l.t.Errorf("%s is left in the socket folder", d.Name())
		}
		return nil
	})
	check := exec.Command("e2fsck", "-fn", l.vm().Disk())
	check.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "recovering journal") {
		l.t.Errorf("disk of the stopped VM is not clean: %v\n%s", err, out)
	}
}

// guestSurvives reports whether the guest must survive a kill of victim.
func guestSurvives(m moment, victim string) bool {
	return m.running && (victim == victimSupervisor || victim == victimCommand) && !slices.Contains(m.command, "stop")
}
