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

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

// worksOn looks whether a running VM is as if nobody had been killed: its state
// is told, the guest runs commands, its console is there, and the next snapshot
// works at once and finds a guest that is not frozen.
func (l *living) worksOn() {
	l.t.Helper()
	if s := l.status(); s.State != "running" {
		l.t.Errorf("the VM is %q\n%s", s.State, l.logs())
	}
	word := fmt.Sprint("round-", l.round)
	if got := l.guest("echo " + word + " >/root/last && sync && cat /root/last"); got != word+"\n" {
		l.t.Errorf("the guest has %q in its file", got)
	}
	l.consoleIsThere(word)
	l.must("snapshot", "create", word)
	var shown struct{ Snapshot struct{ Taken string } }
	if err := json.Unmarshal([]byte(l.must("snapshot", "show", word, "--json")), &shown); err != nil {
		l.t.Fatal(err)
	}
	if shown.Snapshot.Taken != "frozen" {
		l.t.Errorf("the next snapshot is %s", shown.Snapshot.Taken)
	}
	l.wholeSnapshots(word)
	l.isGone(l.vm().Fleece())
}

func (l *living) isGone(path string) {
	l.t.Helper()
	if _, err := os.Lstat(path); err == nil {
		l.t.Errorf("%s is left", filepath.Base(path))
	}
}

// consoleIsThere types into the console, and finds there what was said before.
func (l *living) consoleIsThere(word string) {
	l.t.Helper()
	c, err := l.svc.Console(l.t.Context(), usecase.VM)
	if err != nil {
		l.t.Errorf("the console: %v", err)
		return
	}
	defer c.Close()
	late := time.AfterFunc(patience, func() { c.Close() })
	defer late.Stop()
	// What floods it is ended first. Shell prints what it was not typed as.
	if _, err := fmt.Fprintf(c, "\x03\n\necho %s-$((6*7))\n", word); err != nil {
		l.t.Errorf("typing into the console: %v", err)
	}
	var text []byte
	buf := make([]byte, 64<<10)
	for !strings.Contains(string(text), word+"-42") {
		n, err := c.Read(buf)
		text = append(text[max(0, len(text)-1000):], buf[:n]...)
		if err != nil {
			l.t.Errorf("the console ended (%v); last it said %q\n%s", err, text, l.logs())
			return
		}
	}
}

// wholeSnapshots verifies every snapshot that is listed but the one that was
// taken undisturbed, and deletes it; then nothing of any is left.
func (l *living) wholeSnapshots(undisturbed string) {
	l.t.Helper()
	var list struct {
		Snapshots []struct{ Name, State string }
	}
	if err := json.Unmarshal([]byte(l.must("snapshot", "list", "--json")), &list); err != nil {
		l.t.Fatal(err)
	}
	for _, s := range list.Snapshots {
		if s.Name != undisturbed {
			if e := l.try("snapshot", "verify", s.Name); e.exit != 0 {
				l.t.Errorf("snapshot %s (%s) is half there: %s", s.Name, s.State, e.err)
			}
		}
		l.must("snapshot", "delete", s.Name)
	}
	if left := leftIn(string(l.home)); len(left) > 0 {
		l.t.Errorf("left are %q", left)
	}
	if files, _ := os.ReadDir(l.vm().Snapshots()); len(files) > 0 {
		l.t.Errorf("with no snapshot left there is %v", files)
	}
}

// quietWhenOff looks whether nothing of a VM that is off is left; of one that
// went in order its disk is clean, too.
func (l *living) quietWhenOff(orderly bool) {
	l.t.Helper()
	l.until("no process is left", func() bool { return len(l.pids(theHost))+len(l.pids(theQEMU))+len(l.pids(theCommand)) == 0 })
	if held, by := ondisk.Held(l.vm().Lock()); held {
		l.t.Errorf("the VM's lock is held by %+v", by)
	}
	if !orderly {
		return
	}
	l.isGone(l.vm().Host())
	l.isGone(l.vm().Fleece())
	_ = filepath.WalkDir(l.home.Run(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != l.home.Run() {
			l.t.Errorf("%s is left in the folder of sockets", d.Name())
		}
		return nil
	})
	check := exec.Command("e2fsck", "-fn", l.vm().Disk())
	check.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "recovering journal") {
		l.t.Errorf("the disk of a VM that was stopped: %v\n%s", err, out)
	}
}

// survives tells whether the same guest must go on when somebody is killed.
func survives(m moment, victim string) bool {
	return m.on && (victim == theHost || victim == theCommand) && !slices.Contains(m.do, "stop")
}
