package agent

import (
	"encoding/json"
	"net"
	"testing"

	"vmterminal/vm/agent/wire"
)

// A fakeGuest is the guest's end of a Client's stream.
type fakeGuest struct {
	t    *testing.T
	conn net.Conn
	// frames receives the host's frames except requests, for which answer is called.
	frames chan wire.Frame
	answer func(f wire.Frame, req wire.RequestBody)
	ended  chan struct{}
}

// newFake connects a Client to a fake guest that calls answer for each request.
func newFake(t *testing.T, answer func(g *fakeGuest, f wire.Frame, req wire.RequestBody)) (*fakeGuest, *Client) {
	host, guest := net.Pipe()
	g := &fakeGuest{t: t, conn: guest, frames: make(chan wire.Frame, 1000), ended: make(chan struct{})}
	g.answer = func(f wire.Frame, req wire.RequestBody) { answer(g, f, req) }
	go func() {
		defer close(g.ended)
		_ = wire.Receive(guest, g.handle)
	}()
	c := NewClient(host, nil)
	t.Cleanup(func() {
		_ = c.Close()
		guest.Close()
		<-g.ended
	})
	return g, c
}

func (g *fakeGuest) handle(f wire.Frame) bool {
	if f.Kind != wire.Request {
		g.frames <- f
		return true
	}
	var req wire.RequestBody
	if err := json.Unmarshal(f.Payload, &req); err != nil {
		g.t.Errorf("invalid request %q: %v", f.Payload, err)
	}
	// net.Pipe has no buffer: answering here could deadlock.
	go g.answer(f, req)
	return true
}

func (g *fakeGuest) send(f wire.Frame) { _, _ = g.conn.Write(f.Append(nil)) }

// reply sends a frame on the stream of a request.
func (g *fakeGuest) reply(f wire.Frame, kind wire.Kind, ch wire.Channel, payload string) {
	g.send(wire.Frame{Kind: kind, Channel: ch, Session: f.Session, Stream: f.Stream, Payload: []byte(payload)})
}

func (g *fakeGuest) respond(f wire.Frame, answer string) { g.reply(f, wire.Response, 0, answer) }

const helloAnswer = `{"info":{"version":1,"hostname":"fake"}}`

// answerHello answers hellos and calls next for other requests.
func answerHello(next func(g *fakeGuest, f wire.Frame, req wire.RequestBody)) func(*fakeGuest, wire.Frame, wire.RequestBody) {
	return func(g *fakeGuest, f wire.Frame, req wire.RequestBody) {
		if req.Op == wire.OpHello {
			g.respond(f, helloAnswer)
			return
		}
		next(g, f, req)
	}
}
