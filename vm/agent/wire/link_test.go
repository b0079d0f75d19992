package wire

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// A frame cut by a peer that went away must not swallow the first frames of the
// peer that comes next, however short they are.
func TestReceiveGivesUpAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		got := make(chan Frame, 4)
		ended := make(chan error)
		go func() {
			ended <- Receive(r, func(f Frame) bool {
				got <- f
				return true
			})
		}()
		long := encode(frame(string(make([]byte, 1000))))
		write(t, w, long[:500])
		write(t, w, encode(frame("hello")))
		began := time.Now()
		if f := <-got; string(f.Payload) != "hello" {
			t.Errorf("got %q", f.Payload)
		}
		if waited := time.Since(began); waited != StallTime {
			t.Errorf("gave up after %v", waited)
		}
		closeEnd(t, w)
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
	})
}

// A long frame that arrives slowly is no stall.
func TestReceiveWaitsForASlowFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		got := make(chan Frame, 1)
		go func() {
			_ = Receive(r, func(f Frame) bool {
				got <- f
				return true
			})
		}()
		for _, b := range encode(frame("slowly")) {
			write(t, w, []byte{b})
			time.Sleep(StallTime * 9 / 10)
		}
		if f := <-got; string(f.Payload) != "slowly" {
			t.Errorf("got %q", f.Payload)
		}
		closeEnd(t, w)
	})
}

// A flood that is of no use is read slowly.
func TestReceiveSlowsAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ended := make(chan error)
		go func() { ended <- Receive(r, func(Frame) bool { return false }) }()
		began := time.Now()
		noise := make([]byte, 8<<20)
		write(t, w, noise)
		closeEnd(t, w)
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(began); took < time.Second {
			t.Errorf("8 MB of noise were read in %v", took)
		}
	})
}

func write(t *testing.T, w io.Writer, p []byte) {
	t.Helper()
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
}

func closeEnd(t *testing.T, w io.Closer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
