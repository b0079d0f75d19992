package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// serve runs c on one end of a pipe and returns the guest's end.
func serve(t *testing.T, c *Console) net.Conn {
	t.Helper()
	ours, guest := net.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Serve(ours); err != nil {
			t.Errorf("serve: got error %v, want no error", err)
		}
	})
	t.Cleanup(func() {
		guest.Close()
		c.Close()
		wg.Wait()
	})
	return guest
}

func readAll(t *testing.T, a *Attachment) []byte {
	t.Helper()
	var out []byte
	buf := make([]byte, 1000)
	for {
		n, err := a.Read(t.Context(), buf)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAttachmentsSeeReplayThenLiveWithoutGap(t *testing.T) {
	c := New(nil)
	guest := serve(t, c)
	var want bytes.Buffer
	results := make(chan []byte, 20)
	for i := range 200 {
		line := fmt.Sprintf("line %d\r\n", i)
		want.WriteString(line)
		if _, err := guest.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			a := c.Attach(-1)
			go func() { results <- readAll(t, a) }()
		}
	}
	guest.Close()
	c.Close()
	for range 20 {
		if got := <-results; !bytes.Equal(got, want.Bytes()) && !bytes.HasPrefix(want.Bytes(), got) {
			t.Fatalf("attachment read %d bytes, want the beginning of the output", len(got))
		}
	}
}

func TestOutputIsWholeForEveryAttachment(t *testing.T) {
	c := New(nil)
	a, b := c.Attach(0), c.Attach(0)
	if n := c.Attached(); n != 2 {
		t.Fatalf("Attached = %d, want 2", n)
	}
	want := strings.Repeat("some output\n", 5000)
	c.Output([]byte(want))
	c.Close()
	for _, x := range []*Attachment{a, b} {
		if got := readAll(t, x); string(got) != want {
			t.Fatalf("got %d bytes, want the %d bytes that were written", len(got), len(want))
		}
		x.Close()
	}
	if n := c.Attached(); n != 0 {
		t.Fatalf("Attached after Close = %d, want 0", n)
	}
}

func TestReplayBeginsAtALine(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 1000)+"\n", 2*RingSize/1001)
	many := strings.Repeat("0123456789\n", 2*RingSize/11)
	tests := []struct {
		name, output string
		replay       int
		want         string
	}{
		{"nothing", "one\ntwo\n", 0, ""},
		{"all that there is", "one\ntwo\n", 100, "one\ntwo\n"},
		{"a part", "one\ntwo\nthree\n", 9, "three\n"},
		{"just a line", "one\ntwo\nthree\n", 6, "three\n"},
		{"a line's end only", "one two three\n", 5, "hree\n"},
		{"character kept whole", "äöü", 3, "ü"},
		{"as many lines as a terminal keeps", many, -1, many[len(many)-(ReplayLines-1)*11:]},
		{"wrapped", long, -1, long[len(long)-RingSize/1001*1001:]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(nil)
			c.Output([]byte(tt.output))
			a := c.Attach(tt.replay)
			c.Close()
			if got := readAll(t, a); string(got) != tt.want {
				t.Fatalf("got %d bytes %.40q, want %d bytes %.40q", len(got), got, len(tt.want), tt.want)
			}
		})
	}
}

func TestSlowReaderSkipsAndIsTold(t *testing.T) {
	c := New(nil)
	a := c.Attach(0)
	c.Output([]byte("first\n"))
	line := "0123456789\n"
	total := 6
	for total < 3*RingSize {
		c.Output([]byte(line))
		total += len(line)
	}
	c.Close()
	got := string(readAll(t, a))
	keeps := RingSize / len(line) * len(line)
	want := SkipNote(int64(total-keeps)) + strings.Repeat(line, keeps/len(line))
	if got != want {
		t.Fatalf("got %d bytes %.80q, want %d bytes %.80q", len(got), got, len(want), want)
	}
}

func TestInputArrivesInOrderAfterSenderLeft(t *testing.T) {
	c := New(nil)
	for i := range 50 {
		if err := c.Input(t.Context(), fmt.Appendf(nil, "%d,", i)); err != nil {
			t.Fatal(err)
		}
	}
	guest := serve(t, c)
	var want strings.Builder
	for i := range 50 {
		fmt.Fprintf(&want, "%d,", i)
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(guest, got); err != nil || string(got) != want.String() {
		t.Fatalf("guest read %q (%v), want the input in order", got, err)
	}
}

func TestGuestThatDoesNotReadHoldsUpOnlyTheSender(t *testing.T) {
	c := New(nil)
	guest := serve(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error)
	go func() { sent <- c.Input(ctx, make([]byte, 2*inputQueueSize*maxInputPiece)) }()
	a := c.Attach(0)
	if _, err := guest.Write([]byte("still here")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := a.Read(t.Context(), buf); err != nil || string(buf[:n]) != "still here" {
		t.Fatalf("read %q (%v), want %q", buf[:n], err, "still here")
	}
	select {
	case err := <-sent:
		t.Fatalf("Input returned %v, want it to wait: the queue is full", err)
	default:
	}
	cancel()
	if err := <-sent; !errors.Is(err, context.Canceled) {
		t.Fatalf("input: got error %v, want error %v", err, context.Canceled)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	c := New(nil)
	a := c.Attach(0)
	ended := make(chan error)
	go func() { _, err := a.Read(t.Context(), make([]byte, 1)); ended <- err }()
	c.Close()
	c.Close()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Fatalf("read: got error %v, want error %v", err, io.EOF)
	}
	if err := c.Input(t.Context(), []byte("x")); !errors.Is(err, ErrClosed) {
		t.Fatalf("input: got error %v, want error %v", err, ErrClosed)
	}

	c = New(nil)
	a = c.Attach(0)
	go func() { _, err := a.Read(t.Context(), make([]byte, 1)); ended <- err }()
	a.Close()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Fatalf("read of a closed attachment: got error %v, want error %v", err, io.EOF)
	}
}

func FuzzAttach(f *testing.F) {
	f.Add([]byte("one\ntwo\n"), 3, 5)
	f.Add([]byte("asks\x1b[6n\x1b[c\n"), 8, 3)
	f.Add([]byte("äöü\xff\x80\x80\x80\x80"), 2, 1)
	f.Add(bytes.Repeat([]byte("\n"), 9000), 4000, 100)
	f.Fuzz(func(t *testing.T, text []byte, replay, piece int) {
		c := newSized(nil, 64)
		piece = max(1, min(piece, 200))
		for rest := text; len(rest) > 0; {
			n := min(piece, len(rest))
			c.Output(rest[:n])
			rest = rest[n:]
		}
		a := c.Attach(replay)
		c.Output([]byte("live"))
		c.Close()
		got, live := bytes.CutSuffix(readAll(t, a), []byte("live"))
		if !live {
			t.Fatalf("live output is missing: got %q", got)
		}
		for from := max(0, len(text)-64); from <= len(text); from++ {
			if bytes.Equal(got, removeQueries(text[from:])) {
				return
			}
		}
		t.Fatalf("replay = %q, want the end of the output", got)
	})
}
