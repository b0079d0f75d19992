package window

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

// windowEnv makes the test binary open a real window; its value is what to run in it.
const windowEnv = "VMTERMINAL_TEST_WINDOW"

// cellsEnv sets the size of the terminal, for example 80x24. If it is empty, the window's size
// determines it.
const cellsEnv = "VMTERMINAL_TEST_CELLS"

func TestMain(m *testing.M) {
	fyneapp.SetMetadata(fyne.AppMetadata{Migrations: map[string]bool{"fyneDo": !threadChecks}}) // as in Run
	switch what := os.Getenv(windowEnv); what {
	case "":
		os.Exit(m.Run())
	case "flood":
		realWindow(floodWindow)
	case "echo":
		realWindow(echoWindow)
	case "large-store":
		largeStoreWindow()
	case "job":
		jobWindow()
	default:
		realWindow(func(c *console.Console, _ func()) { runIn(c, what) })
	}
}

// realWindow opens a window with a terminal and calls run once the size of the terminal is
// known. run closes the window by calling quit.
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
		round := func(x float32) float32 { return float32(math.Round(float64(x))) } // as the console rounds cells
		w.Resize(fyne.NewSize(cols*round(cell.Width)+1, rows*round(cell.Height)+1))
	}
	w.Canvas().Focus(c)
	w.ShowAndRun()
}

// The size of the window and its display.
const realWidth, realHeight = 1000, 640

// runIn runs a shell command in a terminal of the host and exits when it ends.
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
	_ = cmd.Wait() // its exit code does not matter
	os.Exit(0)
}

// realDisplay is an X display without a window manager, with simulated input.
type realDisplay struct {
	t   testing.TB
	env []string

	taken int // number of saved pictures
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
		t.Fatalf("read display number of Xvfb: %v", err)
	}
	home := t.TempDir() // without the user's settings
	if err := os.Mkdir(filepath.Join(home, ".cache"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &realDisplay{t: t, env: append(os.Environ(), fmt.Sprintf("DISPLAY=:%d", number),
		"WAYLAND_DISPLAY=", "FYNE_SCALE=1", "HOME="+home, "XDG_RUNTIME_DIR="+home, "DBUS_SESSION_BUS_ADDRESS=disabled:",
		"LANG=C.UTF-8", "LANGUAGE=en", "GORACE=exitcode=0")}
}

// startReal starts a program that is killed at the end of the test, and after ten minutes, so
// that no test waits forever for its output.
func startReal(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(10*time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		late.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// open opens a real window with a value for windowEnv and returns its standard output.
func (d *realDisplay) open(what string, env ...string) io.Reader {
	d.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(d.env, windowEnv+"="+what), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("standard error of the window: %s", said.String())
		}
	})
	out, err := cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	startReal(d.t, cmd)
	return out
}

func (d *realDisplay) xdotool(args ...string) {
	d.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = d.env
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("xdotool %v: %v, %s", args, err, out)
	}
}

// settled returns a picture of the display once it no longer changes.
func (d *realDisplay) settled() *image.RGBA {
	d.t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, realWidth, realHeight))
	const enough = 4
	same, before := 0, ""
	for end := time.Now().Add(time.Minute); ; {
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

// savePicture saves a picture of the display next to those of other tests.
func (d *realDisplay) savePicture() {
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

// lines returns the lines printed until the window is closed.
func lines(r io.Reader) (list []string) {
	for s := bufio.NewScanner(r); s.Scan(); {
		list = append(list, s.Text())
	}
	return list
}
