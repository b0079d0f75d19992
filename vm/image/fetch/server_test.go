package fetch_test

import (
	"bytes"
	"context"
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

// content is n bytes of noise.
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
	again       atomic.Int64 // how often it was told that the server is asked again
}

func (m *meter) Phase(name string, total int64) {
	if name == fetch.PhaseAgain {
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

// server serves data at /file, as often as it is asked: cut lists after how many
// bytes each answer ends.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	data    []byte
	etag    string
	cut     []int
	answers []string // the ranges that were asked for
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

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}

// cutter ends an answer after so many bytes.
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

// target is where a test downloads to.
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
	return c.File(ctx, address, to.part, to.state, opt)
}

func (to target) holds(t *testing.T, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(to.part); err != nil || !bytes.Equal(got, want) {
		t.Errorf("there are %d bytes that are not the %d wanted, %v", len(got), len(want), err)
	}
}

func quick() *fetch.Client { return &fetch.Client{Pause: time.Millisecond} }
