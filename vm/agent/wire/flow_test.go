package wire

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

func TestSendWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewSendWindow()
		if n, err := a.Acquire(t.Context(), 2*Window); n != Window || err != nil {
			t.Fatalf("Acquire: got %d, %v; want %v", n, err, Window)
		}
		took := make(chan int)
		go func() {
			n, _ := a.Acquire(t.Context(), 100)
			took <- n
		}()
		synctest.Wait()
		a.Add(-5)
		synctest.Wait()
		a.Add(40)
		if n := <-took; n != 40 {
			t.Errorf("Acquire after Add(40): got %d, want 40", n)
		}
		for range 10 {
			a.Add(1 << 40)
		}
		if n, _ := a.Acquire(t.Context(), 1<<30); n != Window {
			t.Errorf("acquired %d bytes after excessive credit, want %d", n, Window)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(io.ErrClosedPipe)
		if _, err := a.Acquire(ctx, 1); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after the end: got error %v, want error %v", err, io.ErrClosedPipe)
		}
	})
}

func TestInbox(t *testing.T) {
	ctx := t.Context()
	b := NewInbox()
	if !b.Put(make([]byte, Window)) {
		t.Fatal("a full window was rejected")
	}
	if b.Put([]byte{1}) {
		t.Error("more than a window was accepted")
	}
	p, err := b.Take(ctx)
	if len(p) != Window || err != nil {
		t.Fatalf("Take: got %d bytes, %v; want %v", len(p), err, Window)
	}
	if b.Put([]byte{1}) {
		t.Error("bytes were accepted before the previous ones were consumed")
	}
	b.Release(10)
	if !b.Put([]byte("0123456789")) || b.Put([]byte{1}) {
		t.Error("want room for exactly the 10 consumed bytes")
	}
	b.End()
	if p, err := b.Take(ctx); string(p) != "0123456789" || err != nil {
		t.Errorf("Take: got %q, %v; want %q", p, err, "0123456789")
	}
	if _, err := b.Take(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: got error %v, want error %v", err, io.EOF)
	}
	b.Release(Window)
	if b.Put([]byte{1}) {
		t.Error("bytes were accepted after the end")
	}
}

func TestParseCredit(t *testing.T) {
	if n := ParseCredit(CreditPayload(12345)); n != 12345 {
		t.Errorf("ParseCredit: got %d, want 12345", n)
	}
	for _, bad := range []string{"", "abc", "abcde"} {
		if n := ParseCredit([]byte(bad)); n != 0 {
			t.Errorf("ParseCredit(%q) = %d, want 0", bad, n)
		}
	}
	if n := ParseCredit([]byte{255, 255, 255, 255}); n != Window {
		t.Errorf("ParseCredit of the largest number: got %d, want Window", n)
	}
}
