package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vmterminal/vm/image/fetch"
)

// content returns n bytes of noise.
func content(n int) []byte {
	noise := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(noise.Uint32())
	}
	return b
}

type meter struct {
	total, done atomic.Int64
	at          func(done int64)
	again       atomic.Int64 // number of retries reported
}

func (m *meter) Phase(name string, total int64) {
	if name == fetch.PhaseRetry {
		m.again.Add(1)
	}
	m.total.Store(total)
	m.done.Store(0)
}

func (m *meter) Add(n int64) {
	if done := m.done.Add(n); m.at != nil {
		m.at(done)
	}
}

// server serves data. cut lists the numbers of bytes after which the responses are cut off.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	data    []byte
	etag    string
	cut     []int
	answers []string // the requested ranges
}

func serve(t *testing.T, data []byte, cut ...int) *server {
	t.Helper()
	s := &server{data: data, etag: `"one"`, cut: cut}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, r.Header.Get("Range"))
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if len(s.cut) > 0 {
		w = &cutter{w, s.cut[0]}
		s.cut = s.cut[1:]
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.data))
}

func (s *server) set(data []byte, etag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.etag = data, etag
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}

// cutter cuts a response off after left bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

// target is the destination of a download.
type target struct{ part, state string }

func newTarget(t *testing.T) target {
	dir := t.TempDir()
	return target{filepath.Join(dir, "part"), filepath.Join(dir, "part.json")}
}

func (to target) get(ctx context.Context, c *fetch.Client, address string, opt fetch.Options) error {
	if opt.Progress == nil {
		opt.Progress = &meter{}
	}
	if opt.Limit == 0 {
		opt.Limit = 1 << 30
	}
	return c.Download(ctx, address, to.part, to.state, opt)
}

func (to target) checkContent(t *testing.T, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(to.part); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, want the file's %d bytes; error %v", len(got), len(want), err)
	}
}

// isEmpty checks that a download has left nothing behind.
func (to target) isEmpty(t *testing.T) {
	t.Helper()
	for _, path := range []string{to.part, to.state} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("leftover %s: got error %v, want error %v", filepath.Base(path), err, os.ErrNotExist)
		}
	}
}

// noServer is the URL of a port on which nothing listens, as system programs do not use it and
// it is never assigned automatically.
const noServer = "http://127.0.0.1:1/"

func newQuickClient() *fetch.Client { return &fetch.Client{RetryPause: time.Millisecond} }
