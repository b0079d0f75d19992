package guest_test

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"vmterminal/vm/agent/wire"
)

// checkVanishedHosts checks that a guest does not stay frozen when the host stops sending
// or disconnects, and that an incomplete frame from one host does not disturb the next.
func checkVanishedHosts(t *testing.T, m *machine) {
	silent := newRawHost(t, m, 1)
	silent.ask(wire.RequestBody{Op: wire.OpFreeze, LimitMillis: 300})
	m.console.typeLine(t, "echo >/root/one; sync; echo af''ter the limit")
	m.console.wait(t, "after the limit")
	if got := silent.ask(wire.RequestBody{Op: wire.OpThaw}); got.Error == nil || got.Error.Code != wire.CodeState {
		t.Errorf("thawing after the limit: got %+v, want the wrong state", got.Error)
	}
	silent.conn.Close()

	gone := newRawHost(t, m, 2)
	gone.ask(wire.RequestBody{Op: wire.OpFreeze})
	half := wire.Frame{Kind: wire.Request, Session: 2, Stream: 99, Payload: make([]byte, 1000)}.Append(nil)
	if _, err := gone.conn.Write(half[:500]); err != nil {
		t.Fatal(err)
	}
	gone.conn.Close()
	m.console.typeLine(t, "echo >/root/two; sync; echo af''ter the host")
	m.console.wait(t, "after the host")
}

// A rawHost sends requests without an agent.Client.
type rawHost struct {
	t       *testing.T
	conn    net.Conn
	session uint64
	stream  uint32
	answers chan wire.Frame
}

func newRawHost(t *testing.T, m *machine, session uint64) *rawHost {
	h := &rawHost{t: t, conn: m.dial(m.port), session: session, answers: make(chan wire.Frame, 100)}
	if err := h.conn.SetReadDeadline(time.Now().Add(bootLimit)); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(h.answers)
		_ = wire.Receive(h.conn, func(f wire.Frame) bool {
			h.answers <- f
			return true
		})
	}()
	h.ask(wire.RequestBody{Op: wire.OpHello, Version: wire.Version})
	return h
}

// ask sends a request and waits for the response.
func (h *rawHost) ask(ask wire.RequestBody) wire.ResponseBody {
	h.t.Helper()
	h.stream++
	payload, err := json.Marshal(ask)
	if err != nil {
		h.t.Fatal(err)
	}
	frame := wire.Frame{Kind: wire.Request, Session: h.session, Stream: h.stream, Payload: payload}
	if _, err := h.conn.Write(frame.Append(nil)); err != nil {
		h.t.Fatal(err)
	}
	for f := range h.answers {
		if f.Kind != wire.Response || f.Session != h.session || f.Stream != h.stream {
			continue
		}
		var answer wire.ResponseBody
		if err := json.Unmarshal(f.Payload, &answer); err != nil {
			h.t.Fatal(err)
		}
		return answer
	}
	h.t.Fatalf("no answer to %s", ask.Op)
	return wire.ResponseBody{}
}
