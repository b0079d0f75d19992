package wire

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// A frame truncated by a peer that disconnected must not swallow the first frames from the
// next peer.
func TestReceiveDropsStalledFrame(t *testing.T) {
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
			t.Errorf("got payload %q, want hello", f.Payload)
		}
		if waited := time.Since(began); waited != StallTimeout {
			t.Errorf("dropped the frame after %v, want %v", waited, StallTimeout)
		}
		closeEnd(t, w)
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v, want error %v", err, io.EOF)
		}
	})
}

// A frame that arrives slowly is not dropped.
func TestReceiveSlowFrame(t *testing.T) {
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
			time.Sleep(StallTimeout * 9 / 10)
		}
		if f := <-got; string(f.Payload) != "slowly" {
			t.Errorf("got payload %q, want slowly", f.Payload)
		}
		closeEnd(t, w)
	})
}

// A flood of useless frames is read slowly.
func TestReceiveSlowsDownFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ended := make(chan error)
		go func() { ended <- Receive(r, func(Frame) bool { return false }) }()
		began := time.Now()
		noise := make([]byte, 8<<20)
		write(t, w, noise)
		closeEnd(t, w)
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v, want error %v", err, io.EOF)
		}
		if took := time.Since(began); took < time.Second {
			t.Errorf("8 MiB of noise was read in %v, want at least 1s", took)
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
