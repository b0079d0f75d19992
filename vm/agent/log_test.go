package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"vmterminal/vm/agent/wire"
)

// TestLogContainsNoSecrets sends a secret in all parts of a command and of the guest's
// response. The log must contain the requests but not the secret.
func TestLogContainsNoSecrets(t *testing.T) {
	const secret = "hunter2"
	tests := []struct {
		name, answer, result string
	}{
		{"ends", `{"exit":0}`, `result=ok sent=7 received=7`},
		{"refused", `{"error":{"code":"` + secret + `","text":"` + secret + `"}}`, `result=refused`},
		{"not found", `{"error":{"code":"not-found","text":"` + secret + `"}}`, `result="not found"`},
		{"nonsense", `"` + secret + `"`, `result="bad answer"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			host, guest := net.Pipe()
			defer guest.Close()
			go answerRun(guest, tt.answer)
			c := NewClient(host, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			defer c.Close() //nolint:errcheck // it never fails
			var out bytes.Buffer
			_, err := c.Run(t.Context(), Command{
				Args: []string{secret}, Env: []string{"TOKEN=" + secret}, Dir: "/" + secret,
				Stdin: strings.NewReader(secret), Stdout: &out,
			})
			if wantErr := tt.name != "ends"; (err != nil) != wantErr {
				t.Errorf("got error %v, want an error: %v", err, wantErr)
			}
			got := log.String()
			for _, want := range []string{`msg="agent request" request=hello duration=`, `request=run duration=`, tt.result} {
				if !strings.Contains(got, want) {
					t.Errorf("got log %q, want %q in it", got, want)
				}
			}
			if strings.Contains(got, secret) {
				t.Errorf("the secret is in the log: got %q", got)
			}
		})
	}
}

// answerRun acts as a guest that answers hellos. It responds to a command by sending back
// its input, one Data frame, and then answer.
func answerRun(conn io.ReadWriteCloser, answer string) {
	var run wire.Frame
	send := func(f wire.Frame, kind wire.Kind, ch wire.Channel, payload string) {
		_, _ = conn.Write(wire.Frame{Kind: kind, Channel: ch, Session: f.Session, Stream: f.Stream, Payload: []byte(payload)}.Append(nil))
	}
	_ = wire.Receive(conn, func(f wire.Frame) bool {
		var req wire.RequestBody
		switch {
		case f.Kind == wire.Data:
			go func() {
				send(run, wire.Data, wire.Stdout, string(f.Payload))
				send(run, wire.Response, 0, answer)
			}()
		case f.Kind != wire.Request || json.Unmarshal(f.Payload, &req) != nil:
		case req.Op == wire.OpHello:
			go send(f, wire.Response, 0, helloAnswer)
		case req.Op == wire.OpRun:
			run = f
		}
		return true
	})
}

func TestResultClassOfContexts(t *testing.T) {
	for err, want := range map[error]string{
		nil: "ok", context.Canceled: "canceled", context.DeadlineExceeded: "timeout", io.ErrShortWrite: "failed", ErrClosed: "disconnected",
	} {
		if got := resultClass(err); got != want {
			t.Errorf("resultClass(%v) = %q, want %q", err, got, want)
		}
	}
}
