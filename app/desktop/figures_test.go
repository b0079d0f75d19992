//go:build !nogui

package desktop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"vmterminal/widgets/console"
)

// guestEnd is a connection whose other end is here too.
type guestEnd struct {
	io.Reader
	io.Writer
	io.Closer
}

// attachGuest attaches a console to a guest that is a goroutine of this program.
// drawn gets each title that the guest asks for, once what it wrote before is
// drawn.
func attachGuest(c *console.Console) (writes io.Writer, keys io.Reader, drawn <-chan string) {
	output, writes := io.Pipe()
	keys, typed := io.Pipe()
	titles := make(chan string, 100)
	done := make(chan struct{})
	onMain(context.Background())(func() {
		c.OnTitle = func(title string) { titles <- title }
		c.Attach(guestEnd{output, typed, output})
		close(done)
	})
	<-done
	return writes, keys, titles
}

// floodSize is what a guest says at once, in bytes.
const floodSize = 10 << 20

// floodWindow has a guest say floodSize bytes, and tells the milliseconds from
// the first until the last is drawn, the longest that the main goroutine let
// others wait, and the megabytes of memory that it took.
func floodWindow(c *console.Console, quit func()) {
	defer quit()
	guest, _, drawn := attachGuest(c)
	line := []byte("the quick brown \x1b[31mfox\x1b[m jumps over the lazy dog, and runs away into the \x1b[1mforest\x1b[m\r\n")
	flood := bytes.Repeat(line, floodSize/len(line))
	before := resident()
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() { worst <- longestWait(stop) }()
	began := time.Now()
	for piece := range slices.Chunk(flood, 32<<10) {
		_, _ = guest.Write(piece)
	}
	_, _ = io.WriteString(guest, "\x1b]2;end\a")
	for title := range drawn {
		if title == "end" {
			break
		}
	}
	took := time.Since(began)
	close(stop)
	fmt.Println(took.Milliseconds(), (<-worst).Milliseconds(), resident()-before)
}

// longestWait asks the main goroutine for a moment, again and again.
func longestWait(stop <-chan struct{}) (worst time.Duration) {
	for {
		began, done := time.Now(), make(chan struct{})
		onMain(context.Background())(func() { close(done) })
		<-done
		worst = max(worst, time.Since(began))
		select {
		case <-stop:
			return worst
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// resident is the memory of this program in megabytes.
func resident() (megabytes int) {
	var pages int
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(text), new(int), &pages)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return pages * os.Getpagesize() >> 20
}

// echoWindow types keys, which a guest sends back at once, and tells of each the
// microseconds until it is drawn.
func echoWindow(c *console.Console, quit func()) {
	defer quit()
	guest, keys, drawn := attachGuest(c)
	go func() {
		buf := make([]byte, 16)
		for n := 0; ; n++ {
			size, err := keys.Read(buf)
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(guest, "%s\x1b]2;%d\a", buf[:size], n)
		}
	}()
	for range 60 {
		time.Sleep(70 * time.Millisecond) // as people type
		began := time.Now()
		onMain(context.Background())(func() { c.TypedRune('x') })
		<-drawn
		fmt.Println(time.Since(began).Microseconds())
	}
}

func numbers(b *testing.B, line string, into ...any) {
	b.Helper()
	if _, err := fmt.Sscan(line, into...); err != nil {
		b.Fatalf("the window said %q: %v", line, err)
	}
}

func BenchmarkFlood(b *testing.B) {
	var drawn, waited, memory int
	d := newRealDisplay(b)
	for b.Loop() {
		said := lines(d.open("flood"))
		if len(said) != 1 {
			b.Fatalf("the window said %q", said)
		}
		var took, wait, grown int
		numbers(b, said[0], &took, &wait, &grown)
		drawn, waited, memory = max(drawn, took), max(waited, wait), max(memory, grown)
	}
	b.ReportMetric(float64(drawn), "ms-until-drawn")
	b.ReportMetric(float64(waited), "ms-UI-waits")
	b.ReportMetric(float64(memory), "MB-memory")
}

func BenchmarkKeyToEcho(b *testing.B) {
	d := newRealDisplay(b)
	var all []int
	for b.Loop() {
		for _, line := range lines(d.open("echo")) {
			var took int
			numbers(b, line, &took)
			all = append(all, took)
		}
	}
	if len(all) == 0 {
		b.Fatal("no key came back")
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2])/1000, "ms-median")
	b.ReportMetric(float64(all[len(all)*95/100])/1000, "ms-95th")
}
