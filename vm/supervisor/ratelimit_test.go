package supervisor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

// A guest whose agent restarts endlessly is handled at a limited rate, and the log has the
// number of restarts.
func TestHelloFloodIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		f.received = make(chan string, 10000)
		f.identified = agent.IdentityResult{Change: agent.IdentityCopied, Notes: []string{strings.Repeat("x", 300)}}
		var notes []string
		l := newAgentLink(newStateBroadcaster(client.State{State: client.Running}), testIdentity, func(text string) { notes = append(notes, text) })
		l.dial = func(context.Context, string) (guestAgent, error) { return f, nil }
		f.startAnswering()
		l.connect("", make(chan struct{}))

		const flood = 10 * time.Minute
		starts := 0
		for began := time.Now(); time.Since(began) < flood; time.Sleep(10 * time.Millisecond) {
			f.mu.Lock()
			f.starts++
			f.mu.Unlock()
			starts++
			select {
			case f.ready <- struct{}{}:
			default:
			}
		}
		synctest.Wait()
		if n, most := len(f.received), 2*(helloBurst+int(flood/helloInterval)+2); n > most {
			t.Errorf("got %d requests for %d starts, want at most %d", n, starts, most)
		}
		limiting := 0
		for _, n := range notes {
			if strings.Contains(n, "restarts repeatedly") {
				limiting++
			}
		}
		if limiting == 0 || limiting > 15 {
			t.Errorf("got %d notes about %d starts, want 1 to 15", limiting, starts)
		}
		last := notes[len(notes)-1]
		if want := fmt.Sprintf("handled once every %v", helloInterval); !strings.Contains(strings.Join(notes, "\n"), want) {
			t.Errorf("no note contains %q; the last is %q", want, last)
		}

		// After a quiet time, a restarted agent is handled at once.
		time.Sleep(helloBurst * helloInterval)
		synctest.Wait()
		for len(f.received) > 0 {
			<-f.received
		}
		f.ready <- struct{}{}
		synctest.Wait()
		f.expect(t, "hello", "identity 0123abcd dev")
		l.close()
	})
}

func TestGuestCannotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := newLimitedLog(&log, "QEMU")
		line := []byte(strings.Repeat("y", 1023) + "\n")
		const written = 8 << 10
		for range written {
			if n, err := l.Write(line); n != len(line) || err != nil {
				t.Fatal(n, err)
			}
		}
		const overhead = 1 << 10
		if log.Len() > guestLogBurst+overhead {
			t.Fatalf("got %d bytes in the log, want at most %d", log.Len(), guestLogBurst+overhead)
		}
		logged := bytes.Count(log.Bytes(), line)
		if !strings.Contains(log.String(), "too many lines from QEMU") {
			t.Error("the log does not report that lines are dropped")
		}
		time.Sleep(24 * time.Hour)
		if _, err := l.Write([]byte("late\n")); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("dropped %d lines (%d bytes) from QEMU\nlate\n", written-logged, (written-logged)*len(line))
		if !strings.HasSuffix(log.String(), want) {
			t.Errorf("the log ends with %q, want %q", log.String()[log.Len()-200:], want)
		}

		// Lines that are dropped until the end must be reported as well.
		for range written {
			_, _ = l.Write(line)
		}
		l.close()
		if !strings.HasSuffix(log.String(), "bytes) from QEMU\n") {
			t.Errorf("the lines dropped before close are not reported")
		}
	})
}

// Clients that send only a part of a request are disconnected.
func TestHalfSentRequests(t *testing.T) {
	v := newVM(t)
	m := v.prepareMachine()
	l, err := listenAPI(client.APISocket(m.sockets) + "2")
	if err != nil {
		t.Fatal(err)
	}
	f := newFakeAgent()
	m.agent.setAgent(f, agent.Info{})
	new(fakeMonitor).connect(t, m) // exec checks that QEMU answers
	a := &api{m: m, bodyTimeout: 50 * time.Millisecond}
	a.upgradeContext, a.cancelUpgraded = context.WithCancel(context.Background())
	defer a.cancelUpgraded()
	server := &http.Server{Handler: a.withWholeBody(a.routes())}
	go func() { _ = server.Serve(l) }()
	defer server.Close() //nolint:errcheck // its connections are no longer needed
	for name, request := range map[string]string{
		"stop":    "POST /v1/stop HTTP/1.1\r\nHost: vm\r\nContent-Length: 20\r\n\r\n{",
		"state":   "GET /v1/state HTTP/1.1\r\nHost: vm\r\nContent-Length: 20\r\n\r\n{",
		"events":  "GET /v1/events HTTP/1.1\r\nHost: vm\r\nContent-Length: 20\r\n\r\n{",
		"chunked": "POST /v1/resize HTTP/1.1\r\nHost: vm\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		"exec":    "POST /v1/exec HTTP/1.1\r\nHost: vm\r\nConnection: Upgrade\r\nUpgrade: vmterminal-exec\r\n\r\nc\x00\x00",
		"lease":   "POST /v1/point-in-time HTTP/1.1\r\nHost: vm\r\nContent-Length: 20\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("unix", client.APISocket(m.sockets)+"2")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
			if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Errorf("the connection is still open: got error %v", err)
			}
		})
	}
	if m.shutdown.isStarted() {
		t.Error("an incomplete request stopped the VM")
	}

	// The timeout does not apply to streams.
	conn, err := net.Dial("unix", client.APISocket(m.sockets)+"2")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
	if _, err := io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: vm\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // Close would wait for the end of the stream
	if err != nil {
		t.Fatal(err)
	}
	events := bufio.NewReader(resp.Body)
	if _, err := events.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(3*a.bodyTimeout, func() { m.state.update(client.EventConsole, func(s *client.State) { s.Attached = 7 }) })
	defer timer.Stop()
	if line, err := events.ReadString('\n'); err != nil || !strings.Contains(line, `"attached":7`) {
		t.Errorf("the stream ended: got %q, %v; want %q in it", line, err, `"attached":7`)
	}
}
