package endtoend

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// display is a screen of the test's own with a window manager, a keyboard and a
// mouse.
type display struct {
	t     testing.TB
	env   []string // for programs on it
	taken int      // pictures
}

func newDisplay(t testing.TB, options ...string) *display {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	args := []string{"-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-nolisten", "tcp"}
	xvfb := exec.Command("Xvfb", append(args, options...)...)
	xvfb.ExtraFiles = []*os.File{write}
	startFor(t, xvfb)
	write.Close()
	if err := read.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var number int
	if _, err := fmt.Fscanln(read, &number); err != nil {
		t.Fatalf("Xvfb told no display: %v", err)
	}
	d := &display{t: t, env: []string{fmt.Sprintf("DISPLAY=:%d", number), "FYNE_SCALE=1", "FYNE_THEME=dark", "GORACE=exitcode=0"}}

	openbox := exec.Command("openbox", "--sm-disable")
	openbox.Env = d.around(bare())
	startFor(t, openbox)
	until(t, "the window manager is there", func() bool { return d.tool("wmctrl", "-m") == nil })
	return d
}

// startFor starts a helper that is ended with the test.
func startFor(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// around is an environment with the display in it.
func (d *display) around(env []string) []string { return slices.Concat(env, d.env) }

// tool runs one of the desktop's tools to its end.
func (d *display) tool(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = d.around(bare())
	return ended(cmd)
}

func (d *display) hands(args ...string) {
	d.t.Helper()
	if err := d.tool("xdotool", args...); err != nil {
		d.t.Fatalf("xdotool %v: %v", args, err)
	}
}

// press presses keys together, as "ctrl+shift+s".
func (d *display) press(keys string) {
	d.t.Helper()
	d.hands("key", "--clearmodifiers", keys)
}

// write types a text, key by key.
func (d *display) write(text string) {
	d.t.Helper()
	d.hands("type", "--clearmodifiers", "--delay", "25", text)
}

// click clicks there, and takes the mouse away to where it hides nothing.
func (d *display) click(x, y int) {
	d.t.Helper()
	d.hands("mousemove", "--sync", fmt.Sprint(x), fmt.Sprint(y), "click", "1", "mousemove", "--sync", "600", "725")
}

// program is vmterminal with its window.
type program struct {
	d     *display
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// open starts the program on a store, with more in its environment, and waits
// for its window.
func (d *display) open(s *store, more ...string) *program {
	d.t.Helper()
	cmd := exec.Command(vmterminal)
	cmd.Env = append(d.around(s.env), more...)
	return d.start(s, cmd)
}

// start is open with a command that becomes the program.
func (d *display) start(s *store, cmd *exec.Cmd) *program {
	d.t.Helper()
	log, err := os.CreateTemp(filepath.Dir(s.home), "window-*.log")
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	p := &program{d: d, cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its exit code is kept
		close(p.ended)
	}()
	d.t.Cleanup(func() {
		end := syscall.SIGKILL
		if d.t.Failed() && !p.gone() {
			d.keep("failed")
			end = syscall.SIGQUIT // it says what it was at
		}
		_ = p.cmd.Process.Signal(end) // it may have ended
		<-p.ended
		p.quiet()
	})
	until(d.t, "the window is there", func() bool { return p.gone() || p.visible() })
	if p.gone() {
		d.t.Fatalf("the program ended by itself: %s", p.said())
	}
	d.t.Logf("the window was there after %s", took(began))
	return p
}

// visible tells whether the window is on the display.
func (p *program) visible() bool {
	return p.d.tool("xdotool", "search", "--onlyvisible", "--name", "^VMTerminal") == nil
}

func (p *program) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// close asks the window manager to close the window, as its button does.
func (p *program) close() {
	p.d.t.Helper()
	if err := p.d.tool("wmctrl", "-F", "-c", p.title()); err != nil {
		p.d.t.Fatalf("the window cannot be closed: %v", err)
	}
}

// title is the window's.
func (p *program) title() string {
	p.d.t.Helper()
	cmd := exec.Command("xdotool", "search", "--onlyvisible", "--name", "^VMTerminal", "getwindowname")
	cmd.Env = p.d.around(bare())
	text, err := cmd.Output()
	if err != nil {
		p.d.t.Fatalf("the window has no title: %v", err)
	}
	return strings.TrimSpace(string(text))
}

// ends waits until the program has ended, as it must: with 0.
func (p *program) ends() {
	p.d.t.Helper()
	until(p.d.t, "the program has ended", p.gone)
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.d.t.Errorf("the program ended with %d: %s", code, p.said())
	}
}

func (p *program) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// wrong is what the program must never say.
var wrong = regexp.MustCompile(`Error in Fyne call thread|DATA RACE|panic|Fyne error|fatal error|systray error`)

// trayRace is a report about two accesses that are both inside the library that
// puts the icon into the tray: it writes its menu's revision while it hands the
// menu out. Nothing of that is the program's.
var trayRace = regexp.MustCompile(`(?s)={18}\nWARNING: DATA RACE\n[^\n]* by [^\n]*:\n  fyne\.io/systray[^\n]*\n.*?` +
	`Previous [^\n]*:\n  fyne\.io/systray[^\n]*\n.*?\n={18}\n|Found \d+ data race\(s\)\n`)

// fynesOwn is a report about Fyne's file of settings, of which the program uses
// none: on the way out Fyne empties it to write it, and notices that itself.
var fynesOwn = regexp.MustCompile(`[^\n]*Fyne error:  Preferences load error:\n[^\n]*Cause: EOF\n[^\n]*preferences\.go:\d+\n`)

func (p *program) quiet() {
	p.d.t.Helper()
	said := fynesOwn.ReplaceAllString(trayRace.ReplaceAllString(p.said(), ""), "")
	if wrong.MatchString(said) {
		p.d.t.Errorf("the window said:\n%s", said)
	} else if len(bytes.TrimSpace([]byte(said))) > 0 {
		p.d.t.Logf("the window said:\n%s", said)
	}
}
