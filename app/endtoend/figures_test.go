package endtoend

import (
	"encoding/binary"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// buildReleased builds the program with its window as it is released, without the race detector and
// with the flags of 'make build'. It returns the program's path.
var buildReleased = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(vmterminal), "released")
	return path, buildProgram(path, []string{"CGO_ENABLED=1"}, "-trimpath", "-ldflags", "-s -w")
})

// releasedOn returns a command, not yet started, that runs the released program on a display.
func releasedOn(b *testing.B, d *display, s *store) *exec.Cmd {
	b.Helper()
	path, err := buildReleased()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = d.addDisplayEnv(s.env)
	return cmd
}

// framebuffer is a folder in which Xvfb keeps the display's picture as a file. Reading that file
// takes no CPU time from the programs on the display.
type framebuffer string

func (m framebuffer) option() []string { return []string{"-fbdir", string(m)} }

// readPicture returns the display's current picture. The file has xwd's format: a header, a color
// table and the pixels. The header's first number is its length, and the twentieth is the
// number of entries in the table.
func (m framebuffer) readPicture(b *testing.B) *image.RGBA {
	b.Helper()
	dump, err := os.ReadFile(filepath.Join(string(m), "Xvfb_screen0"))
	if err != nil {
		b.Fatal(err)
	}
	const entry = 12
	number := func(at int) int { return int(binary.BigEndian.Uint32(dump[4*at:])) }
	points := dump[number(0)+number(19)*entry:]
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := 0; i < len(p.Pix); i += 4 {
		p.Pix[i], p.Pix[i+1], p.Pix[i+2], p.Pix[i+3] = points[i+2], points[i+1], points[i], 0xff
	}
	return p
}

// BenchmarkFirstFrame measures the time and CPU time from the program's start until its window shows
// the VM.
func BenchmarkFirstFrame(b *testing.B) {
	s := newStore(b)
	s.mustRun("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	m := framebuffer(b.TempDir())
	d := newDisplay(b, m.option()...)
	var whole, spent time.Duration
	for b.Loop() {
		cmd := releasedOn(b, d, s)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		poll := time.NewTicker(5 * time.Millisecond)
		for there := false; !there && time.Since(began) < stateTimeout; {
			<-poll.C
			_, there = findButton(m.readPicture(b), primary, headerArea)
		}
		poll.Stop()
		whole += time.Since(began)
		spent += processorTime(b, cmd)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		waitUntil(b, "the window is closed", func() bool { _, there := findButton(m.readPicture(b), primary, headerArea); return !there })
	}
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms-until-drawn")
	b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "ms-processor")
}

// idleFor is how long an idle window is measured.
const idleFor = 20 * time.Second

// BenchmarkIdle measures the CPU usage of the window while a VM runs and there is no input.
func BenchmarkIdle(b *testing.B) {
	s := newStore(b)
	s.mustRun("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.mustRun("run", "--detach")
	s.waitForAgent("default")
	d := newDisplay(b)
	cmd := releasedOn(b, d, s)
	d.start(s, cmd)
	d.waitButton("the window shows the VM", primary, headerArea)
	waitUntil(b, "the window shows the console", func() bool { return countForeground(d.takePicture(), consoleArea) > textPixels })
	d.stablePicture()
	var spent time.Duration
	for b.Loop() {
		before := processorTime(b, cmd)
		<-time.After(idleFor)
		spent += processorTime(b, cmd) - before
	}
	b.ReportMetric(100*spent.Seconds()/(idleFor.Seconds()*float64(b.N)), "%-of-a-processor")
}

// processorTime returns the CPU time of a process with all its threads. It does not use
// /proc/PID/stat, which counts a whole tick for each short wake-up. It computes the clock's ID
// like clock_getcpuclockid(3).
func processorTime(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^cmd.Process.Pid<<3|2), &spent); err != nil {
		b.Fatal(err)
	}
	return time.Duration(spent.Nano())
}
