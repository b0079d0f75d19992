package agent

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"vmterminal/vm/agent/wire"
)

// FuzzClient sends arbitrary frames to a client with three pending calls, all of which
// must return.
func FuzzClient(f *testing.F) {
	f.Add([]byte{3}, []byte(helloAnswer), []byte("noise"))
	f.Add([]byte{3, 6, 7, 8, 2}, []byte(`{"exit":1}`), []byte{0xf4, 'V'})
	f.Add([]byte{1, 1, 4}, []byte(`{"error":{}}`), []byte{})
	f.Add([]byte{4, 4, 4}, []byte(`{"identified":{"found":"copied","renewed":["machine-id"],"notes":["\u001b"]}}`), []byte{})
	f.Add([]byte{4, 4, 4}, []byte(`{"identified":{"found":"same","renewed":null},"error":{"code":"unsupported"}}`), []byte{})
	f.Fuzz(func(t *testing.T, kinds, payload, noise []byte) {
		if len(kinds) > 64 || len(payload) > wire.MaxPayload {
			return
		}
		var stream bytes.Buffer
		r, w := io.Pipe()
		c := NewClient(&fuzzConn{r}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c.mu.Lock()
		c.isGreeted = true
		c.mu.Unlock()
		for i, kind := range kinds {
			stream.Write(noise)
			stream.Write(wire.Frame{
				Kind: wire.Kind(kind), Channel: wire.Channel(kind >> 4),
				Stream: uint32(i%3 + 1), Session: c.session, Payload: payload,
			}.Append(nil))
		}
		ended := make(chan struct{}, 3)
		go func() {
			_, _ = c.Run(ctx, Command{Args: []string{"x"}, Stdin: bytes.NewReader(noise)})
			ended <- struct{}{}
		}()
		go func() {
			_, _ = c.Info(ctx)
			ended <- struct{}{}
		}()
		go func() {
			_, _ = c.Identify(ctx, testIdentity)
			ended <- struct{}{}
		}()
		_, _ = w.Write(stream.Bytes())
		_ = w.Close()
		for range cap(ended) {
			<-ended
		}
		<-c.Done()
		if ctx.Err() != nil {
			t.Error("a call did not return at the end of the stream")
		}
	})
}

// fuzzConn discards what the client sends.
type fuzzConn struct{ *io.PipeReader }

func (c *fuzzConn) Write(p []byte) (int, error) { return len(p), nil }
