package qmp

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// TestLogOfCommands sends a secret in every field of the protocol; the log must contain the
// commands but not the secret.
func TestLogOfCommands(t *testing.T) {
	const secret = "hunter2"
	tests := []struct {
		name, answer, result string
		fails                bool
	}{
		{"answered", `{"return": {"text": "` + secret + `"}, "id": %d}`, `result=ok`, false},
		{"refused", `{"error": {"class": "DeviceNotFound", "desc": "` + secret + `"}, "id": %d}`, `result=DeviceNotFound`, true},
		{"unknown class", `{"error": {"class": "` + secret + `", "desc": "no"}, "id": %d}`, `result=refused`, true},
		{"wrong type", `{"return": "` + secret + `", "id": %d}`, `result="protocol error"`, true},
		{"no JSON", secret + ` %d`, `result="protocol error"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			ours, theirs := net.Pipe()
			defer theirs.Close()
			q := &fake{theirs, bufio.NewScanner(theirs)}
			go func() {
				q.send(greeting)
				q.answer(q.readRequest(), `{}`)
				q.send(fmt.Sprintf(tt.answer+"\r\n", q.readRequest().ID))
			}()
			c, err := Open(t.Context(), ours, logger)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close() //nolint:errcheck // it never fails
			var result struct{}
			err = c.Do(t.Context(), "human-monitor-command", map[string]string{"command-line": secret}, &result)
			if (err != nil) != tt.fails {
				t.Errorf("got error %v, want an error: %v", err, tt.fails)
			}
			got := log.String()
			for _, want := range []string{`msg="QMP command" command=qmp_capabilities duration=`, `command=human-monitor-command duration=`, tt.result} {
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

func TestNothingIsLoggedAboveDebugLevel(t *testing.T) {
	var log bytes.Buffer
	ours, theirs := net.Pipe()
	defer theirs.Close()
	q := &fake{theirs, bufio.NewScanner(theirs)}
	go func() {
		q.send(greeting)
		q.answer(q.readRequest(), `{}`)
	}()
	c, err := Open(context.Background(), ours, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it never fails
	if log.Len() > 0 {
		t.Errorf("got log %q, want none", log.String())
	}
}
