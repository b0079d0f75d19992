package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"vmterminal/vm/agent/wire"
)

// If the agent is restarted during a freeze, file systems may be frozen, so the client
// sends a thaw.
func TestRestartDuringFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		thaws := make(chan struct{}, 1)
		_, c := newFake(t, answerHello(func(g *fakeGuest, _ wire.Frame, req wire.RequestBody) {
			switch req.Op {
			case wire.OpFreeze:
				g.send(wire.Frame{Kind: wire.Ready})
			case wire.OpThaw:
				thaws <- struct{}{}
			}
		}))
		if err := c.Freeze(t.Context()); !errors.Is(err, ErrRestarted) {
			t.Errorf("got error %v, want ErrRestarted", err)
		}
		<-thaws
	})
}

// A guest that sends Ready endlessly gets a limited number of hellos, and calls still time
// out.
func TestReadyFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hellos atomic.Int32
		answers := make(chan []byte, 1000) // written by one goroutine: waiting for a pipe's mutex stops the fake clock
		g, c := newFake(t, func(_ *fakeGuest, f wire.Frame, req wire.RequestBody) {
			if req.Op == wire.OpHello {
				hellos.Add(1)
				answers <- wire.Frame{Kind: wire.Response, Stream: f.Stream, Session: f.Session, Payload: []byte(helloAnswer)}.Append(nil)
			}
		})
		flood := bytes.Repeat(wire.Frame{Kind: wire.Ready}.Append(nil), 1000)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				piece := flood
				select {
				case piece = <-answers:
				default:
				}
				if _, err := g.conn.Write(piece); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		_, err := c.Info(t.Context())
		if took := time.Since(began); err == nil || took > infoTimeout+time.Second {
			t.Errorf("Info took %v with error %v, want an error within its timeout", took, err)
		}
		if n := int(hellos.Load()); n > int(infoTimeout/helloRetryPause) {
			t.Errorf("got %d hellos, want at most one per helloRetryPause", n)
		}
		_ = c.Close()
		<-ended
		time.Sleep(time.Second) // fake time: the reader may be sleeping because of the flood
	})
}

// Frames without a pending call have no effect.
func TestUnexpectedFrames(t *testing.T) {
	_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
		for i := range uint32(300) {
			for _, kind := range []wire.Kind{wire.Response, wire.Data, wire.End, wire.Credit, wire.NoSession, wire.Cancel, 99} {
				unexpected := wire.Frame{Kind: kind, Channel: wire.Channel(i), Stream: f.Stream + 1 + i, Session: f.Session, Payload: []byte("{}")}
				if i%2 == 0 {
					unexpected.Stream, unexpected.Session = f.Stream, f.Session+1
				}
				g.send(unexpected)
			}
		}
		g.respond(f, helloAnswer)
	}))
	if info, err := c.Info(t.Context()); err != nil || info.Hostname != "fake" {
		t.Errorf("Info: got %+v, %v; want Hostname %q", info, err, "fake")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) != 0 {
		t.Errorf("got %d pending calls, want none", len(c.calls))
	}
}

// A response that arrives byte by byte does not extend the timeout, and the next request
// works.
func TestSlowResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dripping := make(chan struct{})
		var asked atomic.Int32
		_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) {
			if asked.Add(1) > 1 {
				g.respond(f, helloAnswer)
				return
			}
			defer close(dripping)
			answer := wire.Frame{Kind: wire.Response, Stream: f.Stream, Session: f.Session, Payload: []byte(helloAnswer)}.Append(nil)
			for i := range 20 {
				if _, err := g.conn.Write(answer[i : i+1]); err != nil {
					return
				}
				time.Sleep(wire.StallTimeout * 9 / 10)
			}
		}))
		began := time.Now()
		if _, err := c.Info(t.Context()); !errors.Is(err, ErrNoAnswer) || time.Since(began) != infoTimeout {
			t.Errorf("after %v: got error %v, want error %v, %v", time.Since(began), err, ErrNoAnswer, infoTimeout)
		}
		<-dripping
		if _, err := c.Info(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestExitCodesOutOfRange(t *testing.T) {
	for _, exit := range []string{"-1", "256", "2147483647", "-9223372036854775808", "9223372036854775808", "1e99", `"0"`, "0.5"} {
		t.Run(exit, func(t *testing.T) {
			_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, _ wire.RequestBody) { g.respond(f, `{"exit":`+exit+`}`) }))
			if got, err := c.Run(t.Context(), Command{Args: []string{"x"}}); got != 0 || !errors.Is(err, ErrBadAnswer) {
				t.Errorf("Run: got %d, %v; want 0, error %v", got, err, ErrBadAnswer)
			}
		})
	}
}

// FuzzAnswer checks that texts from any response are short and printable, and that numbers
// are in range.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(helloAnswer))
	f.Add([]byte(`{"info":{"version":9223372036854775807,"hostname":"\u001b]52;c;QQ==\u0007","kernel":"\u202e7","addresses":["10.0.2.15%\u001b[2J","::ffff:1.2.3.4","fe80::1%\u001b]0;x\u0007"],"diskTotal":9223372036854775807,"diskFree":-1}}`))
	f.Add([]byte(`{"error":{"code":"\u0000","text":"a\r\nb\u009b31m"}}`))
	f.Add(fmt.Appendf(nil, `{"info":{"version":1,"addresses":[%s"1.1.1.1"]}}`, strings.Repeat(`"1.1.1.1",`, 200)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var answer wire.ResponseBody
		if json.Unmarshal(text, &answer) != nil {
			return
		}
		harmless := func(what, text string, most int) {
			if utf8.RuneCountInString(text) > most {
				t.Errorf("%s is too long: %d characters", what, utf8.RuneCountInString(text))
			}
			for _, r := range text {
				if !unicode.IsPrint(r) {
					t.Errorf("%s contains the unprintable %U", what, r)
				}
			}
		}
		if answer.Error != nil {
			harmless("the refusal", guestError("x", answer.Error).Error(), 400)
		}
		info, err := parseInfo(answer.Info)
		if err != nil {
			return
		}
		harmless("the host's name", info.Hostname, 64)
		harmless("the kernel's", info.Kernel, 64)
		for _, a := range info.Addresses {
			harmless("an address", a.String(), 64)
		}
		if len(info.Addresses) > maxAddresses || info.DiskFree < 0 || info.DiskFree > info.DiskTotal {
			t.Errorf("info is out of range: %+v", info)
		}
	})
}
