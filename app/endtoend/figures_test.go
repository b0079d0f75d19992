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

// released is the program with its window as people have it: without the race
// detector, with the flags of make build.
var released = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(vmterminal), "released")
	return path, build(path, []string{"CGO_ENABLED=1"}, "-trimpath", "-ldflags", "-s -w")
})

// releasedOn is that program on a display, not yet started.
func releasedOn(b *testing.B, d *display, s *store) *exec.Cmd {
	b.Helper()
	path, err := released()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = d.around(s.env)
	return cmd
}

// memory is a display's picture as Xvfb keeps it in a file: to look at it costs
// the programs on the display no time.
type memory string

func (m memory) option() []string { return []string{"-fbdir", string(m)} }

// picture is the display as it is now. The file is a dump as xwd writes it: a
// header whose first and twentieth numbers are its own length and that of the
// table of colours, the table, and the points.
func (m memory) picture(b *testing.B) *image.RGBA {
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

// BenchmarkFirstFrame is the time from the program's start until its window
// shows the VM, and what that takes of a processor.
func BenchmarkFirstFrame(b *testing.B) {
	s := newStore(b)
	s.do("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	m := memory(b.TempDir())
	d := newDisplay(b, m.option()...)
	var whole, spent time.Duration
	for b.Loop() {
		cmd := releasedOn(b, d, s)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		again := time.NewTicker(5 * time.Millisecond)
		for there := false; !there && time.Since(began) < patience; {
			<-again.C
			_, there = button(m.picture(b), primary, head)
		}
		again.Stop()
		whole += time.Since(began)
		spent += processorTime(b, cmd)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		until(b, "the window is gone", func() bool { _, there := button(m.picture(b), primary, head); return !there })
	}
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms-until-drawn")
	b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "ms-processor")
}

// idleFor is how long a window at rest is looked at.
const idleFor = 20 * time.Second

// BenchmarkIdle is what the window takes of one processor while a VM runs and
// nobody does anything.
func BenchmarkIdle(b *testing.B) {
	s := newStore(b)
	s.do("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.do("run", "--detach")
	s.answering("default")
	d := newDisplay(b)
	cmd := releasedOn(b, d, s)
	d.start(s, cmd)
	d.awaitButton("the VM is on the window", primary, head)
	until(b, "the window shows the console", func() bool { return ink(d.picture(), console) > enough })
	d.settled()
	var spent time.Duration
	for b.Loop() {
		before := processorTime(b, cmd)
		<-time.After(idleFor)
		spent += processorTime(b, cmd) - before
	}
	b.ReportMetric(100*spent.Seconds()/(idleFor.Seconds()*float64(b.N)), "%-of-a-processor")
}

// processorTime is what a process has had of the processors, all its threads
// together, to the nanosecond: the ticks of /proc/PID/stat count a process that wakes
// up for a moment with each of them for a whole one. The clock's number is that of
// clock_getcpuclockid(3).
func processorTime(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^cmd.Process.Pid<<3|2), &spent); err != nil {
		b.Fatal(err)
	}
	return time.Duration(spent.Nano())
}
