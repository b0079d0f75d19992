package wire

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

func TestAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAllowance()
		if n, err := a.Take(t.Context(), 2*Window); n != Window || err != nil {
			t.Fatalf("took %d, %v", n, err)
		}
		took := make(chan int)
		go func() {
			n, _ := a.Take(t.Context(), 100)
			took <- n
		}()
		synctest.Wait()
		a.Add(-5)
		synctest.Wait()
		a.Add(40)
		if n := <-took; n != 40 {
			t.Errorf("took %d", n)
		}
		for range 10 {
			a.Add(1 << 40)
		}
		if n, _ := a.Take(t.Context(), 1<<30); n != Window {
			t.Errorf("a liar lent %d", n)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(io.ErrClosedPipe)
		if _, err := a.Take(ctx, 1); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestInbox(t *testing.T) {
	ctx := t.Context()
	b := NewInbox()
	if !b.Put(make([]byte, Window)) {
		t.Fatal("a window was refused")
	}
	if b.Put([]byte{1}) {
		t.Error("more than a window was taken")
	}
	p, err := b.Take(ctx)
	if len(p) != Window || err != nil {
		t.Fatalf("took %d, %v", len(p), err)
	}
	if b.Put([]byte{1}) {
		t.Error("bytes not yet consumed were forgotten")
	}
	b.Consumed(10)
	if !b.Put([]byte("0123456789")) || b.Put([]byte{1}) {
		t.Error("ten bytes were given back")
	}
	b.End()
	if p, err := b.Take(ctx); string(p) != "0123456789" || err != nil {
		t.Errorf("took %q, %v", p, err)
	}
	if _, err := b.Take(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	b.Consumed(Window)
	if b.Put([]byte{1}) {
		t.Error("taken after the end")
	}
}

func TestParseCredit(t *testing.T) {
	if n := ParseCredit(CreditPayload(12345)); n != 12345 {
		t.Errorf("got %d", n)
	}
	for _, bad := range []string{"", "abc", "abcde"} {
		if n := ParseCredit([]byte(bad)); n != 0 {
			t.Errorf("%q is %d", bad, n)
		}
	}
	if n := ParseCredit([]byte{255, 255, 255, 255}); n != Window {
		t.Errorf("got %d", n)
	}
}
