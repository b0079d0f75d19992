package endtoend

import (
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// history is the lowest part of the pane of snapshots, where nothing is written.
var history = image.Rect(960, 640, 1220, 720)

// folds folds the pane of snapshots away and back, by keys, and returns the
// longest that either took to show. It is how a window tells that it lives,
// whatever its console does.
func (d *display) folds() (worst time.Duration) {
	d.t.Helper()
	is := d.picture()
	at := is.RGBAAt(history.Max.X, history.Max.Y)
	shown := func() bool {
		m := d.picture()
		for y := history.Min.Y; y <= history.Max.Y; y += 4 {
			if m.RGBAAt(history.Max.X, y) != at {
				return false
			}
		}
		return true
	}
	for _, want := range []bool{false, true} {
		began := time.Now()
		d.press("ctrl+shift+h")
		until(d.t, "the window answers a key", func() bool { return shown() == want })
		worst = max(worst, time.Since(began))
	}
	return worst
}

// typed types into the window's console until the guest's shell has it, whatever
// is on its line.
func (d *display) typed(s *store, word string) {
	d.t.Helper()
	until(d.t, "what is typed into the window reaches the guest's shell", func() bool {
		d.press("ctrl+c")
		d.write("touch /root/" + word)
		d.press("Return")
		return within(5*time.Second, func() bool { return s.try("exec", "--", "test", "-e", "/root/"+word).code == 0 })
	})
}

// copyText puts a text onto the display's clipboard.
func (d *display) copyText(text string) {
	d.t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-in")
	cmd.Env = d.around(bare())
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Run(); err != nil { // one of its own stays, until the display goes
		d.t.Fatalf("xclip: %v", err)
	}
}

// copied is the text on the clipboard.
func (d *display) copied() string {
	d.t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-out")
	cmd.Env = d.around(bare())
	text, err := cmd.Output()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		d.t.Fatalf("xclip: %v", err)
	}
	return string(text)
}

// folder is the program's current one.
func (p *program) folder() string {
	p.d.t.Helper()
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.cmd.Process.Pid))
	if err != nil {
		p.d.t.Fatal(err)
	}
	return dir
}

var residentLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is the memory that the program has, in MB.
func (p *program) resident() int {
	p.d.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.d.t.Fatal(err)
	}
	kb, err := strconv.Atoi(string(residentLine.FindSubmatch(status)[1]))
	if err != nil {
		p.d.t.Fatal(err)
	}
	return kb >> 10
}

// thorough tells whether there is time for everything: make torture.
var thorough = os.Getenv("VMTERMINAL_TORTURE") != ""

// saysOnConsole has the guest write to its console what comes from a string, and
// waits until it has.
func saysOnConsole(t *testing.T, s *store, text string) {
	t.Helper()
	cmd := s.command("exec", "--", "sh", "-c", "cat >/dev/console")
	cmd.Stdin = strings.NewReader(text)
	if err := ended(cmd); err != nil {
		t.Fatalf("writing %.20q to the guest's console: %v", text, err)
	}
}
