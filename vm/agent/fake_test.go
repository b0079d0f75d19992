package agent

import (
	"encoding/json"
	"net"
	"testing"

	"vmterminal/vm/agent/wire"
)

// A fakeGuest is the other end of a Client's stream, for tests to script.
type fakeGuest struct {
	t    *testing.T
	conn net.Conn
	// frames gets what the host sends, requests excepted: these go to answer.
	frames chan wire.Frame
	answer func(f wire.Frame, ask wire.Ask)
	ended  chan struct{}
}

// newFake connects a Client to a guest that knows hello and, by answer, what
// the test wants.
func newFake(t *testing.T, answer func(g *fakeGuest, f wire.Frame, ask wire.Ask)) (*fakeGuest, *Client) {
	host, guest := net.Pipe()
	g := &fakeGuest{t: t, conn: guest, frames: make(chan wire.Frame, 1000), ended: make(chan struct{})}
	g.answer = func(f wire.Frame, ask wire.Ask) { answer(g, f, ask) }
	go func() {
		defer close(g.ended)
		_ = wire.Receive(guest, g.handle)
	}()
	c := NewClient(host)
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
	var ask wire.Ask
	if err := json.Unmarshal(f.Payload, &ask); err != nil {
		g.t.Errorf("the request %q: %v", f.Payload, err)
	}
	// net.Pipe has no buffer: answering here could wait for ourselves.
	go g.answer(f, ask)
	return true
}

func (g *fakeGuest) send(f wire.Frame) { _, _ = g.conn.Write(f.Append(nil)) }

// reply sends a frame on the stream of a request.
func (g *fakeGuest) reply(f wire.Frame, kind wire.Kind, ch wire.Channel, payload string) {
	g.send(wire.Frame{Kind: kind, Channel: ch, Session: f.Session, Stream: f.Stream, Payload: []byte(payload)})
}

func (g *fakeGuest) respond(f wire.Frame, answer string) { g.reply(f, wire.Response, 0, answer) }

const helloAnswer = `{"info":{"version":1,"hostname":"fake"}}`

// polite answers hello and leaves the rest to next.
func polite(next func(g *fakeGuest, f wire.Frame, ask wire.Ask)) func(*fakeGuest, wire.Frame, wire.Ask) {
	return func(g *fakeGuest, f wire.Frame, ask wire.Ask) {
		if ask.Op == wire.OpHello {
			g.respond(f, helloAnswer)
			return
		}
		next(g, f, ask)
	}
}
