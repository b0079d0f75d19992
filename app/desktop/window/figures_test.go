package window

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

// guestEnd is a connection to a guest in the same process.
type guestEnd struct {
	io.Reader
	io.Writer
	io.Closer
}

// attachGuest attaches a console to a guest simulated by the caller. drawn receives the
// titles that the guest sets, each once all output before it has been drawn.
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

// floodSize is the size of the guest's output in bytes.
const floodSize = 10 << 20

// floodWindow makes a guest write floodSize bytes. It prints the milliseconds until everything
// is drawn, the longest time the main goroutine was blocked in milliseconds, and the memory
// used in megabytes.
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

// longestWait repeatedly dispatches a function to the main goroutine and returns the longest
// time until the function ran.
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

// resident returns the resident memory of this process in megabytes.
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

// echoWindow types keys that a guest echoes. For each key, it prints the microseconds until the
// echo is drawn.
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
		time.Sleep(70 * time.Millisecond) // about the speed of a typist
		began := time.Now()
		onMain(context.Background())(func() { c.TypedRune('x') })
		<-drawn
		fmt.Println(time.Since(began).Microseconds())
	}
}

func numbers(b *testing.B, line string, into ...any) {
	b.Helper()
	if _, err := fmt.Sscan(line, into...); err != nil {
		b.Fatalf("unexpected output %q: %v", line, err)
	}
}

func BenchmarkFlood(b *testing.B) {
	var drawn, waited, memory int
	d := newRealDisplay(b)
	for b.Loop() {
		said := lines(d.open("flood"))
		if len(said) != 1 {
			b.Fatalf("output: got %q, want one line", said)
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
		b.Fatal("no key was echoed")
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2])/1000, "ms-median")
	b.ReportMetric(float64(all[len(all)*95/100])/1000, "ms-95th")
}
