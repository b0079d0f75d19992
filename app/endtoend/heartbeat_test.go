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

// paneBottom is the bottom of the snapshot pane, which is empty.
var paneBottom = image.Rect(960, 640, 1220, 720)

// measureResponse hides and shows the snapshot pane with keys and returns the longer of the two
// response times. It measures how responsive the window is, whatever its console does.
func (d *display) measureResponse() (worst time.Duration) {
	d.t.Helper()
	background := d.takePicture().RGBAAt(paneBottom.Max.X, paneBottom.Max.Y)
	shown := func() bool {
		m := d.takePicture()
		for y := paneBottom.Min.Y; y <= paneBottom.Max.Y; y += 4 {
			if m.RGBAAt(paneBottom.Max.X, y) != background {
				return false
			}
		}
		return true
	}
	for _, want := range []bool{false, true} {
		began := time.Now()
		d.press("ctrl+shift+h")
		waitUntil(d.t, "the window responds to a key", func() bool { return shown() == want })
		worst = max(worst, time.Since(began))
	}
	return worst
}

// typeUntilReceived types a command into the window's console until the guest's shell has run
// it.
func (d *display) typeUntilReceived(s *store, word string) {
	d.t.Helper()
	waitUntil(d.t, "the guest's shell receives the typed text", func() bool {
		d.press("ctrl+c")
		d.typeText("touch /root/" + word)
		d.press("Return")
		return pollUntil(5*time.Second, func() bool { return s.run("exec", "--", "test", "-e", "/root/"+word).code == 0 })
	})
}

// setClipboard puts a text on the display's clipboard.
func (d *display) setClipboard(text string) {
	d.t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-in")
	cmd.Env = d.addDisplayEnv(baseEnv())
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Run(); err != nil { // xclip continues in the background until the display closes
		d.t.Fatalf("xclip: %v", err)
	}
}

// clipboard returns the text on the clipboard.
func (d *display) clipboard() string {
	d.t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-out")
	cmd.Env = d.addDisplayEnv(baseEnv())
	text, err := cmd.Output()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		d.t.Fatalf("xclip: %v", err)
	}
	return string(text)
}

// folder returns the program's current folder.
func (p *program) folder() string {
	p.d.t.Helper()
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.cmd.Process.Pid))
	if err != nil {
		p.d.t.Fatal(err)
	}
	return dir
}

var residentLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// residentMB returns the program's resident memory in MB.
func (p *program) residentMB() int {
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

// thorough is set by 'make torture' to test everything.
var thorough = os.Getenv("VMTERMINAL_TORTURE") != ""

// writeToConsole makes the guest print a string on its console and waits until it has.
func writeToConsole(t *testing.T, s *store, text string) {
	t.Helper()
	cmd := s.command("exec", "--", "sh", "-c", "cat >/dev/console")
	cmd.Stdin = strings.NewReader(text)
	if err := runWithTimeout(cmd); err != nil {
		t.Fatalf("write %.20q to the guest's console: %v", text, err)
	}
}
