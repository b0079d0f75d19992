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

// display is a separate X display with a window manager, a keyboard and a mouse.
type display struct {
	t     testing.TB
	env   []string // variables for programs on the display
	taken int      // number of pictures saved
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
	startUntilTestEnds(t, xvfb)
	write.Close()
	if err := read.SetReadDeadline(time.Now().Add(stateTimeout)); err != nil {
		t.Fatal(err)
	}
	var number int
	if _, err := fmt.Fscanln(read, &number); err != nil {
		t.Fatalf("Xvfb printed no display number: %v", err)
	}
	d := &display{t: t, env: []string{fmt.Sprintf("DISPLAY=:%d", number), "FYNE_SCALE=1", "FYNE_THEME=dark", "GORACE=exitcode=0"}}

	waitUntil(t, "the window manager is running", func() bool {
		openbox := exec.Command("openbox", "--sm-disable")
		openbox.Env = d.addDisplayEnv(baseEnv())
		startUntilTestEnds(t, openbox) // one that starts while another runs exits
		return pollUntil(time.Minute, func() bool { return d.runTool("wmctrl", "-m") == nil })
	})
	return d
}

// startUntilTestEnds starts a helper process and kills it when the test ends.
func startUntilTestEnds(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// addDisplayEnv returns env with the display's variables added.
func (d *display) addDisplayEnv(env []string) []string { return slices.Concat(env, d.env) }

// runTool runs a tool, such as xdotool, on the display.
func (d *display) runTool(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = d.addDisplayEnv(baseEnv())
	return runWithTimeout(cmd)
}

func (d *display) xdotool(args ...string) {
	d.t.Helper()
	if err := d.runTool("xdotool", args...); err != nil {
		d.t.Fatalf("xdotool %v: %v", args, err)
	}
}

// press presses keys together, such as "ctrl+shift+s".
func (d *display) press(keys string) {
	d.t.Helper()
	d.xdotool("key", "--clearmodifiers", keys)
}

// typeText types a text, key by key.
func (d *display) typeText(text string) {
	d.t.Helper()
	d.xdotool("type", "--clearmodifiers", "--delay", "25", text)
}

// click clicks at a point and then moves the mouse out of the way.
func (d *display) click(x, y int) {
	d.t.Helper()
	d.xdotool("mousemove", "--sync", fmt.Sprint(x), fmt.Sprint(y), "click", "1", "mousemove", "--sync", "600", "725")
}

// program is a running vmterminal with its window.
type program struct {
	d      *display
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
}

// open starts the program on a store, with additional environment variables, and waits for its window.
func (d *display) open(s *store, more ...string) *program {
	d.t.Helper()
	cmd := exec.Command(vmterminal)
	cmd.Env = append(d.addDisplayEnv(s.env), more...)
	return d.start(s, cmd)
}

// start is like open, but starts a given command, which must become the program.
func (d *display) start(s *store, cmd *exec.Cmd) *program {
	d.t.Helper()
	log, err := os.CreateTemp(filepath.Dir(s.home), "window-*.log")
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	p := &program{d: d, cmd: cmd, log: log.Name(), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState has the exit code
		close(p.exited)
	}()
	d.t.Cleanup(func() {
		signal := syscall.SIGKILL
		if d.t.Failed() && !p.hasExited() {
			d.savePicture("failed")
			signal = syscall.SIGQUIT // print the goroutines
		}
		_ = p.cmd.Process.Signal(signal) // fails if the program has exited
		<-p.exited
		p.checkOutput()
	})
	waitUntil(d.t, "the window is visible", func() bool { return p.hasExited() || p.isVisible() })
	if p.hasExited() {
		d.t.Fatalf("the program exited unexpectedly: %s", p.output())
	}
	d.t.Logf("the window appeared after %s", roundedSince(began))
	return p
}

// isVisible reports whether the window is on the display.
func (p *program) isVisible() bool {
	return p.d.runTool("xdotool", "search", "--onlyvisible", "--name", "^VMTerminal") == nil
}

func (p *program) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// close asks the window manager to close the window, as the close button does.
func (p *program) close() {
	p.d.t.Helper()
	if err := p.d.runTool("wmctrl", "-F", "-c", p.windowTitle()); err != nil {
		p.d.t.Fatalf("close the window: %v", err)
	}
}

// windowTitle returns the window's title.
func (p *program) windowTitle() string {
	p.d.t.Helper()
	cmd := exec.Command("xdotool", "search", "--onlyvisible", "--name", "^VMTerminal", "getwindowname")
	cmd.Env = p.d.addDisplayEnv(baseEnv())
	text, err := cmd.Output()
	if err != nil {
		p.d.t.Fatalf("get the window's title: %v", err)
	}
	return strings.TrimSpace(string(text))
}

// waitExit waits until the program has exited and checks that its exit code is 0.
func (p *program) waitExit() {
	p.d.t.Helper()
	waitUntil(p.d.t, "the program has exited", p.hasExited)
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.d.t.Errorf("got exit code %d, want 0: %s", code, p.output())
	}
}

func (p *program) output() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// forbiddenOutput matches output that the program must never print.
var forbiddenOutput = regexp.MustCompile(`Error in Fyne call thread|DATA RACE|panic|Fyne error|fatal error|systray error`)

// trayRace matches reports of races that involve only the tray library: it writes its menu's
// revision while it serves the menu.
var trayRace = regexp.MustCompile(`(?s)={18}\nWARNING: DATA RACE\n[^\n]* by [^\n]*:\n  fyne\.io/systray[^\n]*\n.*?` +
	`Previous [^\n]*:\n  fyne\.io/systray[^\n]*\n.*?\n={18}\n|Found \d+ data race\(s\)\n`)

// fyneSettingsError matches an error about Fyne's settings file, which the program does not
// use. Fyne empties and rewrites that file on exit, and notices its own change.
var fyneSettingsError = regexp.MustCompile(`[^\n]*Fyne error:  Preferences load error:\n[^\n]*Cause: EOF\n[^\n]*preferences\.go:\d+\n`)

func (p *program) checkOutput() {
	p.d.t.Helper()
	printed := fyneSettingsError.ReplaceAllString(trayRace.ReplaceAllString(p.output(), ""), "")
	if forbiddenOutput.MatchString(printed) {
		p.d.t.Errorf("the window printed forbidden output:\n%s", printed)
	} else if len(bytes.TrimSpace([]byte(printed))) > 0 {
		p.d.t.Logf("the window printed:\n%s", printed)
	}
}
