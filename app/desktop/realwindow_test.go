//go:build !nogui

package desktop

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"github.com/creack/pty"

	"vmterminal/assets"
	"vmterminal/widgets/console"
)

// The test's own binary is a program with a real window too, where this names
// what is to be done in it.
const windowEnv = "VMTERMINAL_TEST_WINDOW"

// cellsEnv makes its terminal that large, as 80x24; the window otherwise.
const cellsEnv = "VMTERMINAL_TEST_CELLS"

func TestMain(m *testing.M) {
	fyneapp.SetMetadata(fyne.AppMetadata{Migrations: map[string]bool{"fyneDo": !threadChecks}}) // as the program
	switch what := os.Getenv(windowEnv); what {
	case "":
		os.Exit(m.Run())
	case "flood":
		realWindow(floodWindow)
	case "echo":
		realWindow(echoWindow)
	case "crowd":
		crowdWindow()
	default:
		realWindow(func(c *console.Console, _ func()) { runIn(c, what) })
	}
}

// realWindow opens a window of one terminal and runs in it what is given, once
// its size is known. That ends it by quit.
func realWindow(run func(c *console.Console, quit func())) {
	a := fyneapp.NewWithID("vmterminal.test")
	a.Settings().SetTheme(assets.Theme{})
	w := a.NewWindow("terminal")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := console.New(onMain(ctx))
	c.SetFontSize(textSizeNormal)
	started := false
	c.OnResize = func(int, int) {
		if !started {
			started = true
			go run(c, func() { onMain(ctx)(a.Quit) })
		}
	}
	w.SetPadded(false)
	w.SetContent(c)
	w.Resize(fyne.NewSize(realWidth, realHeight))
	var cols, rows float32
	if _, err := fmt.Sscanf(os.Getenv(cellsEnv), "%fx%f", &cols, &rows); err == nil {
		cell := fyne.MeasureText("M", textSizeNormal, fyne.TextStyle{Monospace: true})
		round := func(x float32) float32 { return float32(math.Round(float64(x))) } // as cells are
		w.Resize(fyne.NewSize(cols*round(cell.Width)+1, rows*round(cell.Height)+1))
	}
	w.Canvas().Focus(c)
	w.ShowAndRun()
}

// The size of the window and of its display.
const realWidth, realHeight = 1000, 640

// runIn runs a shell command on a terminal of this computer that the console
// shows, and quits when it ends.
func runIn(c *console.Console, command string) {
	cols, rows := c.Cells()
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	onMain(context.Background())(func() { c.Attach(tty) })
	_ = cmd.Wait() // however it ends, the window has ended with it
	os.Exit(0)
}

// realDisplay is a display without a window manager, and hands.
type realDisplay struct {
	t   testing.TB
	env []string

	taken int // pictures
}

func newRealDisplay(t testing.TB) *realDisplay {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	xvfb := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", realWidth, realHeight), "-nolisten", "tcp")
	xvfb.ExtraFiles = []*os.File{write}
	startReal(t, xvfb)
	write.Close()
	var number int
	if _, err := fmt.Fscanln(read, &number); err != nil {
		t.Fatalf("Xvfb told no display: %v", err)
	}
	home := t.TempDir() // keeps programs from the person's settings
	if err := os.Mkdir(filepath.Join(home, ".cache"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &realDisplay{t: t, env: append(os.Environ(), fmt.Sprintf("DISPLAY=:%d", number),
		"WAYLAND_DISPLAY=", "FYNE_SCALE=1", "HOME="+home, "XDG_RUNTIME_DIR="+home, "DBUS_SESSION_BUS_ADDRESS=disabled:",
		"LANG=C.UTF-8", "LANGUAGE=en", "GORACE=exitcode=0")}
}

func startReal(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// open opens a real window for what, and returns what it says.
func (d *realDisplay) open(what string, env ...string) io.Reader {
	d.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(d.env, windowEnv+"="+what), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("the window said: %s", said.String())
		}
	})
	out, err := cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	startReal(d.t, cmd)
	return out
}

func (d *realDisplay) hands(args ...string) {
	d.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = d.env
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("xdotool %v: %v, %s", args, err, out)
	}
}

// settled is the display once some pictures in a row are the same.
func (d *realDisplay) settled() *image.RGBA {
	d.t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, realWidth, realHeight))
	const enough = 4
	same, before := 0, ""
	for end := time.Now().Add(10 * time.Second); ; {
		cmd := exec.Command("import", "-window", "root", "-depth", "8", "rgba:-")
		cmd.Env = d.env
		points, err := cmd.Output()
		if err != nil {
			d.t.Fatalf("import: %v", err)
		}
		now := string(points)
		if same++; now != before {
			same, before = 1, now
		}
		if same == enough || time.Now().After(end) {
			copy(m.Pix, now)
			return m
		}
	}
}

// keep leaves a picture for people where those of other tests are.
func (d *realDisplay) keep() {
	d.t.Helper()
	dir := os.Getenv("VMTERMINAL_PICTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "pictures")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	d.taken++
	name := strings.ReplaceAll(strings.TrimPrefix(d.t.Name(), "Test"), "/", "-")
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s-%02d.png", name, d.taken)))
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, d.settled()); err != nil {
		d.t.Fatal(err)
	}
}

// lines are those that a window says, until it ends.
func lines(r io.Reader) (list []string) {
	for s := bufio.NewScanner(r); s.Scan(); {
		list = append(list, s.Text())
	}
	return list
}
