package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const greeting = `{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}` + "\r\n"

// fake acts as QEMU: it sends the greeting, accepts qmp_capabilities, and leaves the rest to the
// test.
type fake struct {
	net.Conn
	requests *bufio.Scanner
}

func newPair(t *testing.T) (*Client, *fake) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	q := &fake{theirs, bufio.NewScanner(theirs)}
	go func() {
		q.send(greeting)
		q.answer(q.readRequest(), `{}`)
	}()
	c, err := Open(t.Context(), ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, q
}

func (q *fake) send(text string) { _, _ = io.WriteString(q, text) }

func (q *fake) readRequest() (r request) {
	if q.requests.Scan() {
		_ = json.Unmarshal(q.requests.Bytes(), &r)
	}
	return r
}

func (q *fake) answer(r request, value string) {
	q.send(fmt.Sprintf(`{"return": %s, "id": %d}`+"\r\n", value, r.ID))
}

func TestAnswersFindTheirCallers(t *testing.T) {
	c, q := newPair(t)
	const callers = 20
	go func() {
		requests := make([]request, callers)
		for i := range requests {
			requests[i] = q.readRequest()
		}
		for i := range requests { // the last request is answered first
			r := requests[callers-1-i]
			args, _ := json.Marshal(r.Arguments)
			q.answer(r, string(args))
		}
	}()
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			var got struct{ N int }
			if err := c.Do(t.Context(), "echo", map[string]int{"n": n}, &got); err != nil || got.N != n {
				t.Errorf("call %d: got answer %d, %v; want its own argument", n, got.N, err)
			}
		})
	}
	wg.Wait()
}

func TestRefusalIsAnError(t *testing.T) {
	c, q := newPair(t)
	go func() {
		q.send(fmt.Sprintf(`{"error": {"class": "DeviceNotFound", "desc": "no vd9"}, "id": %d}`+"\r\n", q.readRequest().ID))
		q.answer(q.readRequest(), `{}`)
	}()
	err := c.Do(t.Context(), "device_del", nil, nil)
	var refusal *Error
	if !errors.As(err, &refusal) || *refusal != (Error{"device_del", "DeviceNotFound", "no vd9"}) {
		t.Errorf("Do: got error %v, want QEMU's rejection", err)
	}
	if err := c.Do(t.Context(), "query-status", nil, nil); err != nil {
		t.Error("Do after a rejected command: got error", err)
	}
}

func TestLateAnswerIsDropped(t *testing.T) {
	c, q := newPair(t)
	asked, left := make(chan request), make(chan struct{})
	go func() {
		late := q.readRequest()
		asked <- late
		<-left
		q.answer(late, `"late"`)
		q.answer(q.readRequest(), `"right"`)
	}()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if err := c.Do(ctx, "slow", nil, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("Do: got error %v, want Canceled", err)
	}
	close(left)
	var got string
	if err := c.Do(t.Context(), "quick", nil, &got); err != nil || got != "right" {
		t.Errorf("Do: got answer %q, %v; want its own answer", got, err)
	}
}

func TestCancelWhileSendingLeavesConnection(t *testing.T) {
	c, q := newPair(t) // a line on a pipe is only partly sent until it is read
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := c.Do(ctx, "unread", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Do: got error %v, want DeadlineExceeded", err)
		}
	}
	go func() {
		for r := q.readRequest(); r.Execute != ""; r = q.readRequest() {
			q.answer(r, `{}`)
		}
	}()
	if err := c.Do(t.Context(), "read", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestEventsKeepTheNewest(t *testing.T) {
	c, q := newPair(t)
	const sent = eventBuffer + 10
	go func() {
		for i := range sent {
			q.send(fmt.Sprintf(`{"event": "E%d", "data": {"a": 1}, "timestamp": {"seconds": 5, "microseconds": 7}}`+"\r\n", i))
		}
		q.answer(q.readRequest(), `{}`)
	}()
	if err := c.Do(t.Context(), "x", nil, nil); err != nil { // QEMU's answer arrives although nobody reads events
		t.Fatal(err)
	}
	for i := sent - eventBuffer; i < sent; i++ {
		e := <-c.Events()
		if e.Name != fmt.Sprintf("E%d", i) || string(e.Data) != `{"a": 1}` || !e.Time.Equal(time.Unix(5, 7000)) {
			t.Fatalf("event %d: got %+v, want its own name, data and time", i, e)
		}
	}
}

func TestEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*Client, *fake)
		want error
	}{
		"QEMU leaves":      {func(_ *Client, q *fake) { q.Close() }, io.EOF},
		"we close":         {func(c *Client, _ *fake) { _ = c.Close() }, ErrClosed},
		"not JSON":         {func(_ *Client, q *fake) { q.send("hello\n") }, ErrProtocol},
		"answer to nobody": {func(_ *Client, q *fake) { q.send(`{"return": {}}` + "\n") }, ErrProtocol},
		"endless line":     {func(_ *Client, q *fake) { q.send(strings.Repeat("x", maxLine+1)) }, ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			client, q := newPair(t)
			go func() {
				q.readRequest()
				c.end(client, q)
			}()
			if err := client.Do(t.Context(), "x", nil, nil); !errors.Is(err, c.want) {
				t.Errorf("pending Do: got error %v, want %v", err, c.want)
			}
			<-client.Done()
			for range client.Events() {
				t.Error("got an event, want none")
			}
			if err := client.Do(t.Context(), "x", nil, nil); !errors.Is(err, c.want) || !errors.Is(client.Err(), c.want) {
				t.Errorf("Do and Err after the end: got %v and %v, want %v", err, client.Err(), c.want)
			}
		})
	}
}

func TestHungQEMU(t *testing.T) {
	path := t.TempDir() + "/qmp"
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, path, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial: got error %v, want DeadlineExceeded", err)
	}
}

func TestHungAfterGreeting(t *testing.T) {
	ours, theirs := net.Pipe() // nobody reads: the write itself hangs
	defer theirs.Close()
	go func() { _, _ = io.WriteString(theirs, greeting) }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, ours, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open: got error %v, want DeadlineExceeded", err)
	}
}

func TestNoGreeting(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() { _, _ = io.WriteString(theirs, `{"event": "RESUME"}`+"\n") }()
	if _, err := Open(t.Context(), ours, nil); !errors.Is(err, ErrProtocol) {
		t.Errorf("Open: got error %v, want ErrProtocol", err)
	}
}

// No matter what QEMU sends, a command returns.
func FuzzReader(f *testing.F) {
	f.Add([]byte(greeting + `{"return": {}, "id": 1}` + "\n" + `{"return": "x", "id": 2}` + "\n"))
	f.Add([]byte(greeting + `{"error": {"class": "GenericError", "desc": "no"}, "id": 1}` + "\n"))
	f.Add([]byte(greeting + `{"event": "STOP", "timestamp": {"seconds": -1, "microseconds": -1}}` + "\n"))
	f.Add([]byte(greeting + `{"return": {}, "id": -1}` + "\nnull\n[]\n"))
	f.Fuzz(func(t *testing.T, says []byte) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		go func() {
			_, _ = theirs.Write(says)
			theirs.Close()
		}()
		c, err := Open(t.Context(), ours, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		var got string
		_ = c.Do(t.Context(), "x", nil, &got)
		<-c.Done()
		if c.Err() == nil {
			t.Error("Err = nil after the end, want a cause")
		}
	})
}
