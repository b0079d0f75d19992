package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vmterminal/vm/agent/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHelloIsRepeatedUntilAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		_, c := newFake(t, func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
			if asked.Add(1) == 3 {
				g.respond(f, helloAnswer)
			}
		})
		began := time.Now()
		info, err := c.Hello(t.Context())
		if err != nil || info.Hostname != "fake" {
			t.Fatalf("Hello: got %+v, %v; want hostname fake", info, err)
		}
		if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("took %v, want 3 to 4 s", took)
		}
	})
}

func TestReadyRepeatsHelloAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var awake atomic.Bool
		g, c := newFake(t, func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
			if awake.Load() {
				g.respond(f, helloAnswer)
			}
		})
		go func() {
			time.Sleep(100 * time.Millisecond)
			awake.Store(true)
			g.send(wire.Frame{Kind: wire.Ready})
		}()
		began := time.Now()
		if _, err := c.Hello(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("took %v, want at most 200 ms", took)
		}
		<-c.Ready()
	})
}

// Without an answer from the guest, every call times out.
func TestCallsTimeOut(t *testing.T) {
	calls := map[string]func(*Client, context.Context) error{
		"info":     func(c *Client, ctx context.Context) error { _, err := c.Info(ctx); return err },
		"freeze":   (*Client).Freeze,
		"thaw":     (*Client).Thaw,
		"trim":     (*Client).Trim,
		"poweroff": (*Client).PowerOff,
		"clock": func(c *Client, ctx context.Context) error {
			_, err := c.SetClock(ctx, time.Now())
			return err
		},
		"resize":   func(c *Client, ctx context.Context) error { return c.Resize(ctx, 80, 24) },
		"identity": func(c *Client, ctx context.Context) error { _, err := c.Identify(ctx, testIdentity); return err },
		"run": func(c *Client, ctx context.Context) error {
			_, err := c.Run(ctx, Command{Args: []string{"true"}})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, c := newFake(t, func(*fakeGuest, wire.Frame, wire.RequestBody) {})
				if err := call(c, t.Context()); !errors.Is(err, ErrNoAnswer) {
					t.Errorf("got error %v, want ErrNoAnswer", err)
				}
			})
		})
	}
}

// An agent of version 1 would decode bytes that are not valid UTF-8 as U+FFFD.
func TestRunOtherBytesWithOldAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int32
		_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
			ran.Add(1)
			g.respond(f, "{}")
		}))
		for _, command := range []Command{
			{Args: []string{"rm", "l\xe4tin"}},
			{Args: []string{"rm"}, Env: []string{"A=\xff"}},
			{Args: []string{"rm"}, Dir: "/\xff"},
			{Args: []string{"rm", "\xff"}, Terminal: &Terminal{Size: Size{80, 24}}},
		} {
			if _, err := c.Run(t.Context(), command); !errors.Is(err, ErrUnsupported) {
				t.Errorf("%+q: got error %v, want error %v", command.Args, err, ErrUnsupported)
			}
		}
		if ran.Load() != 0 {
			t.Errorf("%d commands ran, want 0", ran.Load())
		}
		if exit, err := c.Run(t.Context(), Command{Args: []string{"rm", "lätin"}}); exit != 0 || err != nil {
			t.Errorf("UTF-8: got exit code %d, error %v; want 0, nil", exit, err)
		}
	})
}

// Calls time out even if the guest does not read.
func TestGuestThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := io.Pipe()
		r, feed := io.Pipe()
		c := NewClient(pipeConn{r, w}, nil)
		defer func() { _ = errors.Join(feed.Close(), c.Close()) }()
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := c.Info(ctx); !errors.Is(err, ErrNoAnswer) {
				t.Fatalf("got error %v, want ErrNoAnswer", err)
			}
			cancel()
		}
	})
}

type pipeConn struct {
	*io.PipeReader
	w *io.PipeWriter
}

func (p pipeConn) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p pipeConn) Close() error                { return errors.Join(p.w.Close(), p.PipeReader.Close()) }

func TestInvalidResponses(t *testing.T) {
	tests := []struct {
		name string
		lie  func(g *fakeGuest, f wire.Frame)
		want error
	}{
		{"no JSON", func(g *fakeGuest, f wire.Frame) { g.respond(f, "{") }, ErrBadAnswer},
		{"no info", func(g *fakeGuest, f wire.Frame) { g.respond(f, "{}") }, ErrBadAnswer},
		{"a long answer", func(g *fakeGuest, f wire.Frame) {
			g.respond(f, `{"info":{"version":1,"hostname":"`+strings.Repeat("x", wire.MaxMessage)+`"}}`)
		}, ErrBadAnswer},
		{"output for a request without output", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.Data, wire.Stdout, "x") }, ErrBadAnswer},
		{"a request", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.Request, 0, "{}") }, ErrBadAnswer},
		{"unknown kind", func(g *fakeGuest, f wire.Frame) { g.reply(f, 200, 0, "") }, ErrBadAnswer},
		{"refusal", func(g *fakeGuest, f wire.Frame) {
			g.respond(f, `{"error":{"code":"unsupported","text":"no\u001b[2J"}}`)
		}, ErrUnsupported},
		{"unknown session", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.NoSession, 0, "") }, ErrRestarted},
		{"hanging up", func(g *fakeGuest, _ wire.Frame) { g.conn.Close() }, ErrClosed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) { test.lie(g, f) }))
			_, err := c.Info(t.Context())
			if !errors.Is(err, test.want) {
				t.Fatalf("unexpected error: %v", err)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("error %q contains an escape character", err)
			}
		})
	}
}

func TestInfoIsSanitized(t *testing.T) {
	_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
		g.respond(f, `{"info":{"version":1,"hostname":"a\u001b]0;x\u0007","addresses":["10.0.2.15","fe80::1%eth0","evil"],"diskTotal":-1,"diskFree":5}}`)
	}))
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Hostname != "a?]0;x?" || len(info.Addresses) != 1 || info.DiskTotal != 0 || info.DiskFree != 0 {
		t.Errorf("got info %+v, want sanitized fields", info)
	}
}

// After a Freeze without an answer, the client sends a thaw.
func TestFreezeWithoutAnswerIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		thawed := make(chan struct{})
		_, c := newFake(t, answerHello(func(_ *fakeGuest, _ wire.Frame, req wire.RequestBody) {
			if req.Op == wire.OpThaw {
				close(thawed)
			}
		}))
		if err := c.Freeze(t.Context()); !errors.Is(err, ErrNoAnswer) {
			t.Fatalf("got error %v, want ErrNoAnswer", err)
		}
		<-thawed
	})
}

func TestRun(t *testing.T) {
	_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, req wire.RequestBody) {
		if req.Run == nil || !req.Run.Input || req.Run.Args[0] != "cat" {
			t.Errorf("got request %+v, want cat with input", req.Run)
		}
		for in := range g.frames {
			if in.Kind == wire.End {
				break
			}
			if in.Kind == wire.Data {
				g.reply(f, wire.Data, wire.Stdout, string(in.Payload))
			}
			if in.Kind == wire.Credit { // consume input only after the output was consumed
				g.reply(f, wire.Credit, wire.Stdin, string(in.Payload))
			}
		}
		g.reply(f, wire.Data, wire.Stderr, "oops")
		g.reply(f, wire.End, wire.Stdout, "")
		g.reply(f, wire.End, wire.Stderr, "")
		g.respond(f, `{"exit":3}`)
	}))
	input := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	var out, errs bytes.Buffer
	exit, err := c.Run(t.Context(), Command{
		Args: []string{"cat"}, Stdin: bytes.NewReader(input), Stdout: &out, Stderr: &errs,
	})
	if exit != 3 || err != nil || !bytes.Equal(out.Bytes(), input) || errs.String() != "oops" {
		t.Errorf("got exit code %d, error %v, %d bytes of output, stderr %q; want 3, nil, the input, %q", exit, err, out.Len(), errs.String(), "oops")
	}
}

func TestRunInvalidResponses(t *testing.T) {
	tests := []struct {
		name string
		lie  func(g *fakeGuest, f wire.Frame)
		want error
	}{
		{"exit code", func(g *fakeGuest, f wire.Frame) { g.respond(f, `{"exit":-7}`) }, ErrBadAnswer},
		{"empty output", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.Data, wire.Stdout, "") }, ErrBadAnswer},
		{"output on the input", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.Data, wire.Stdin, "x") }, ErrBadAnswer},
		{"output after its end", func(g *fakeGuest, f wire.Frame) {
			g.reply(f, wire.End, wire.Stdout, "")
			g.reply(f, wire.Data, wire.Stdout, "x")
		}, ErrBadAnswer},
		{"restart", func(g *fakeGuest, _ wire.Frame) { g.send(wire.Frame{Kind: wire.Ready}) }, ErrRestarted},
		{"hanging up", func(g *fakeGuest, _ wire.Frame) { g.conn.Close() }, ErrClosed},
		{"not found", func(g *fakeGuest, f wire.Frame) {
			g.respond(f, `{"error":{"code":"not-found","text":"no such"}}`)
		}, ErrNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) { test.lie(g, f) }))
			if _, err := c.Run(t.Context(), Command{Args: []string{"x"}}); !errors.Is(err, test.want) {
				t.Errorf("unexpected error: %v", err)
			}
		})
	}
}

// A call is canceled if the guest sends more output than the window allows.
func TestRunFlood(t *testing.T) {
	g, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
		for range 2 * wire.Window / 1024 {
			g.reply(f, wire.Data, wire.Stdout, strings.Repeat("x", 1024))
		}
	}))
	var canceled sync.Once // there may be more buffered output
	stuck := writerFunc(func(p []byte) (int, error) {
		canceled.Do(func() { expectCancel(t, g) })
		return len(p), nil
	})
	if _, err := c.Run(t.Context(), Command{Args: []string{"yes"}, Stdout: stuck}); !errors.Is(err, ErrBadAnswer) {
		t.Errorf("got error %v, want ErrBadAnswer", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestRunCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
			g.reply(f, wire.Data, wire.Stdout, "x")
		}))
		full := errors.New("disk full")
		bad := writerFunc(func([]byte) (int, error) { return 0, full })
		if _, err := c.Run(t.Context(), Command{Args: []string{"x"}, Stdout: bad}); !errors.Is(err, full) {
			t.Errorf("a failing writer: got error %v, want error %v", err, full)
		}
		expectCancel(t, g)

		ctx, cancel := context.WithCancel(t.Context())
		first := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
		if _, err := c.Run(ctx, Command{Args: []string{"x"}, Stdout: first}); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: got %v, want %v", err, context.Canceled)
		}
		expectCancel(t, g)
	})
}

func expectCancel(t *testing.T, g *fakeGuest) {
	t.Helper()
	for f := range g.frames {
		if f.Kind == wire.Cancel {
			return
		}
	}
}

func TestRequestTooLong(t *testing.T) {
	_, c := newFake(t, answerHello(func(*fakeGuest, wire.Frame, wire.RequestBody) {}))
	_, err := c.Run(t.Context(), Command{Args: []string{strings.Repeat("x", wire.MaxPayload)}})
	if err == nil || errors.Is(err, ErrNoAnswer) {
		t.Errorf("got error %v, want an error other than ErrNoAnswer", err)
	}
}

func TestClose(t *testing.T) {
	_, c := newFake(t, answerHello(func(*fakeGuest, wire.Frame, wire.RequestBody) {}))
	if _, err := c.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.Close() }()
	if _, err := c.Info(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Info: got error %v, want ErrClosed", err)
	}
	<-c.Done()
	if err := c.Thaw(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Thaw: got error %v, want ErrClosed", err)
	}
	if _, err := c.Hello(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Hello: got error %v, want ErrClosed", err)
	}
}
