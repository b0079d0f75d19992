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
		_, c := newFake(t, func(g *fakeGuest, f wire.Frame, _ wire.Ask) {
			if asked.Add(1) == 3 {
				g.respond(f, helloAnswer)
			}
		})
		began := time.Now()
		info, err := c.Hello(t.Context())
		if err != nil || info.Hostname != "fake" {
			t.Fatalf("got %+v, %v", info, err)
		}
		if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestReadyBringsHelloForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var awake atomic.Bool
		g, c := newFake(t, func(g *fakeGuest, f wire.Frame, _ wire.Ask) {
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
			t.Errorf("took %v", took)
		}
		<-c.Ready()
	})
}

// No call waits for ever, whatever the guest does not do.
func TestSilence(t *testing.T) {
	calls := map[string]func(*Client, context.Context) error{
		"info":     func(c *Client, ctx context.Context) error { _, err := c.Info(ctx); return err },
		"freeze":   (*Client).Freeze,
		"thaw":     (*Client).Thaw,
		"trim":     (*Client).Trim,
		"poweroff": (*Client).PowerOff,
		"resize":   func(c *Client, ctx context.Context) error { return c.Resize(ctx, 80, 24) },
		"identity": func(c *Client, ctx context.Context) error { _, err := c.Identify(ctx, me); return err },
		"run": func(c *Client, ctx context.Context) error {
			_, err := c.Run(ctx, Command{Args: []string{"true"}})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, c := newFake(t, func(*fakeGuest, wire.Frame, wire.Ask) {})
				if err := call(c, t.Context()); !errors.Is(err, ErrNoAnswer) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A guest that does not even read blocks nobody for longer than the limit.
func TestNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := io.Pipe()
		r, feed := io.Pipe()
		c := NewClient(pipeConn{r, w})
		defer func() { _ = errors.Join(feed.Close(), c.Close()) }()
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := c.Info(ctx); !errors.Is(err, ErrNoAnswer) {
				t.Fatalf("got %v", err)
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

func TestLies(t *testing.T) {
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
		{"output of a question", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.Data, wire.Stdout, "x") }, ErrBadAnswer},
		{"a request", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.Request, 0, "{}") }, ErrBadAnswer},
		{"unknown kind", func(g *fakeGuest, f wire.Frame) { g.reply(f, 200, 0, "") }, ErrBadAnswer},
		{"refusal", func(g *fakeGuest, f wire.Frame) {
			g.respond(f, `{"error":{"code":"unsupported","text":"no\u001b[2J"}}`)
		}, ErrUnsupported},
		{"forgetting", func(g *fakeGuest, f wire.Frame) { g.reply(f, wire.NoSession, 0, "") }, ErrRestarted},
		{"hanging up", func(g *fakeGuest, _ wire.Frame) { g.conn.Close() }, ErrClosed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, _ wire.Ask) { test.lie(g, f) }))
			_, err := c.Info(t.Context())
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q would command a terminal", err)
			}
		})
	}
}

func TestInfoIsCleaned(t *testing.T) {
	_, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, _ wire.Ask) {
		g.respond(f, `{"info":{"version":1,"hostname":"a\u001b]0;x\u0007","addresses":["10.0.2.15","fe80::1%eth0","evil"],"diskTotal":-1,"diskFree":5}}`)
	}))
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Hostname != "a?]0;x?" || len(info.Addresses) != 1 || info.DiskTotal != 0 || info.DiskFree != 0 {
		t.Errorf("got %+v", info)
	}
}

// After a freeze whose answer is lost the guest is told to thaw.
func TestFreezeIsUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		thawed := make(chan struct{})
		_, c := newFake(t, polite(func(_ *fakeGuest, _ wire.Frame, ask wire.Ask) {
			if ask.Op == wire.OpThaw {
				close(thawed)
			}
		}))
		if err := c.Freeze(t.Context()); !errors.Is(err, ErrNoAnswer) {
			t.Fatalf("got %v", err)
		}
		<-thawed
	})
}

func TestRun(t *testing.T) {
	_, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, ask wire.Ask) {
		if ask.Run == nil || !ask.Run.Input || ask.Run.Args[0] != "cat" {
			t.Errorf("asked for %+v", ask.Run)
		}
		for in := range g.frames {
			if in.Kind == wire.End {
				break
			}
			if in.Kind == wire.Data {
				g.reply(f, wire.Data, wire.Stdout, string(in.Payload))
			}
			if in.Kind == wire.Credit { // takes more only when what it wrote is taken
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
		t.Errorf("exit code %d, %v, %d bytes, %q", exit, err, out.Len(), errs.String())
	}
}

func TestRunLies(t *testing.T) {
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
			_, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, _ wire.Ask) { test.lie(g, f) }))
			if _, err := c.Run(t.Context(), Command{Args: []string{"x"}}); !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A guest that sends more than it was lent is cut off, and what the host keeps
// meanwhile stays within the window.
func TestRunFlood(t *testing.T) {
	g, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, _ wire.Ask) {
		for range 2 * wire.Window / 1024 {
			g.reply(f, wire.Data, wire.Stdout, strings.Repeat("x", 1024))
		}
	}))
	var cancelled sync.Once // it may be given more of what had come before
	stuck := writerFunc(func(p []byte) (int, error) {
		cancelled.Do(func() { expectCancel(t, g) })
		return len(p), nil
	})
	if _, err := c.Run(t.Context(), Command{Args: []string{"yes"}, Stdout: stuck}); !errors.Is(err, ErrBadAnswer) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, _ wire.Ask) {
			g.reply(f, wire.Data, wire.Stdout, "x")
		}))
		full := errors.New("disk full")
		bad := writerFunc(func([]byte) (int, error) { return 0, full })
		if _, err := c.Run(t.Context(), Command{Args: []string{"x"}, Stdout: bad}); !errors.Is(err, full) {
			t.Errorf("a failing writer: %v", err)
		}
		expectCancel(t, g)

		ctx, cancel := context.WithCancel(t.Context())
		first := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
		if _, err := c.Run(ctx, Command{Args: []string{"x"}, Stdout: first}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
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
	_, c := newFake(t, polite(func(*fakeGuest, wire.Frame, wire.Ask) {}))
	_, err := c.Run(t.Context(), Command{Args: []string{strings.Repeat("x", wire.MaxPayload)}})
	if err == nil || errors.Is(err, ErrNoAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestClose(t *testing.T) {
	_, c := newFake(t, polite(func(*fakeGuest, wire.Frame, wire.Ask) {}))
	if _, err := c.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.Close() }()
	if _, err := c.Info(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	<-c.Done()
	if err := c.Thaw(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Hello(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}
