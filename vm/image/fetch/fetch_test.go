package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vmterminal/vm/image/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFile(t *testing.T) {
	data := content(3 << 20)
	s := serve(t, data)
	to, m := newTarget(t), &meter{}
	if err := to.get(t.Context(), quick(), s.URL, fetch.Options{Progress: m}); err != nil {
		t.Fatal(err)
	}
	to.holds(t, data)
	if m.done.Load() != int64(len(data)) || m.total.Load() != int64(len(data)) {
		t.Errorf("%d of %d done", m.done.Load(), m.total.Load())
	}
}

func TestFileGoesOnAfterCuts(t *testing.T) {
	data := content(3 << 20)
	s := serve(t, data, 1<<20, 0, 100_000, 5)
	to, m := newTarget(t), &meter{}
	if err := to.get(t.Context(), quick(), s.URL, fetch.Options{Progress: m, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	to.holds(t, data)
	asked := s.asked()
	if len(asked) != 5 || asked[0] != "" || asked[1] == "" || asked[1] == asked[3] {
		t.Errorf("the ranges asked for were %q", asked)
	}
	if m.done.Load() != int64(len(data)) || m.again.Load() != 4 {
		t.Errorf("%d done, asked again %d times", m.done.Load(), m.again.Load())
	}
}

func TestFileGoesOnInAnotherCall(t *testing.T) {
	data := content(3 << 20)
	s := serve(t, data)
	to := newTarget(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := &meter{at: func(done int64) {
		if done > 1<<20 {
			cancel()
		}
	}}
	if err := to.get(ctx, quick(), s.URL, fetch.Options{Progress: m}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := to.get(t.Context(), quick(), s.URL, fetch.Options{}); err != nil {
		t.Fatal(err)
	}
	to.holds(t, data)
	if asked := s.asked(); len(asked) != 2 || asked[1] == "" {
		t.Errorf("the ranges asked for were %q", asked)
	}
}

// What is whole already does not come again.
func TestFileIsWholeAlready(t *testing.T) {
	data := content(1 << 20)
	s := serve(t, data)
	to := newTarget(t)
	for range 2 {
		if err := to.get(t.Context(), quick(), s.URL, fetch.Options{}); err != nil {
			t.Fatal(err)
		}
		to.holds(t, data)
		s.cut = []int{0} // an answer with content would fail
	}
	if asked := s.asked(); len(asked) != 2 {
		t.Errorf("the ranges asked for were %q", asked)
	}
}

// A file that has changed since, or of which nobody can tell, is begun anew.
func TestFileBeginsAnew(t *testing.T) {
	old, data := content(3<<20), bytes.Repeat([]byte("new"), 1<<20)
	for name, begin := range map[string]func(*server, target) string{
		"changed": func(s *server, _ target) string { s.set(data, `"two"`); return s.URL },
		"shorter": func(s *server, _ target) string { s.set(data[:1000], `"two"`); return s.URL },
		"weak": func(s *server, to target) string {
			s.set(data, `W/"one"`)
			_ = os.WriteFile(to.state, []byte(`{"address":"`+s.URL+`","etag":"W/\"one\""}`), 0o600)
			return s.URL
		},
		"another address": func(s *server, _ target) string { s.set(data, `"one"`); return s.URL + "/other" },
		"no state":        func(s *server, to target) string { s.set(data, `"one"`); os.Remove(to.state); return s.URL },
		"torn state": func(s *server, to target) string {
			s.set(data, `"one"`)
			_ = os.WriteFile(to.state, []byte("{"), 0o600)
			return s.URL
		},
		"longer than the file": func(s *server, to target) string {
			s.set(data, `"one"`)
			_ = os.WriteFile(to.part, make([]byte, 4<<20), 0o600)
			return s.URL
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, old, 1<<20, 0, 0, 0, 0)
			to := newTarget(t)
			if err := to.get(t.Context(), quick(), s.URL, fetch.Options{}); !errors.Is(err, fetch.ErrCut) {
				t.Fatal(err)
			}
			s.cut = nil
			if err := to.get(t.Context(), quick(), begin(s, to), fetch.Options{}); err != nil {
				t.Fatal(err)
			}
			to.holds(t, s.data)
		})
	}
}

func TestFileIsBounded(t *testing.T) {
	s := serve(t, content(2<<20))
	for name, opt := range map[string]fetch.Options{"limit": {Limit: 1 << 20}, "size": {Size: 1 << 20}, "larger size": {Size: 3 << 20}} {
		if err := newTarget(t).get(t.Context(), quick(), s.URL, opt); err == nil {
			t.Errorf("%s: all was taken", name)
		}
	}
	// A server that does not say how much it sends, and does not end.
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	to := newTarget(t)
	if err := to.get(t.Context(), quick(), endless.URL, fetch.Options{Limit: 1 << 20}); !errors.Is(err, fetch.ErrTooLarge) {
		t.Error(err)
	}
	if info, err := os.Stat(to.part); err != nil || info.Size() > 1<<20 {
		t.Errorf("%d bytes were written, %v", info.Size(), err)
	}
	if _, err := quick().Small(t.Context(), endless.URL, 1000); !errors.Is(err, fetch.ErrTooLarge) {
		t.Error(err)
	}
}

// What a server sends unasked behind a file is nothing that anybody is told of.
func TestMoreThanTheServerSaid(t *testing.T) {
	said := make(chan string, 1)
	log.SetOutput(lines(said))
	defer log.SetOutput(os.Stderr)
	hungUp := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(hungUp)
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = out.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile and what is more")
		_ = out.Flush()
		_, _ = io.Copy(io.Discard, conn)
	}))
	defer s.Close()
	if text, err := quick().Small(t.Context(), s.URL, 1000); err != nil || string(text) != "file" {
		t.Errorf("%q, %v", text, err)
	}
	<-hungUp
	select {
	case line := <-said:
		t.Errorf("people read %q", line)
	default:
	}
}

// lines is a writer that passes on what it gets.
type lines chan<- string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// Who waits for a server reads what for.
func TestWaitingHasAName(t *testing.T) {
	p := &named{}
	if err := newTarget(t).get(t.Context(), quick(), "http://127.0.0.1:1", fetch.Options{Progress: p}); !errors.Is(err, fetch.ErrNoNetwork) {
		t.Fatal(err)
	}
	if p.phase != fetch.Phase {
		t.Errorf("the phase is %q", p.phase)
	}
}

type named struct{ phase string }

func (n *named) Phase(name string, _ int64) { n.phase = name }
func (*named) Add(int64)                    {}

func TestRoomIsAsked(t *testing.T) {
	full := errors.New("no room")
	s := serve(t, content(1<<20))
	if err := newTarget(t).get(t.Context(), quick(), s.URL, fetch.Options{Room: func() error { return full }}); !errors.Is(err, full) {
		t.Error(err)
	}
}

func TestStalledServer(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		if strings.HasSuffix(r.URL.Path, "/some") {
			_, _ = w.Write(make([]byte, 10))
			w.(http.Flusher).Flush()
		}
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	defer slow.Close()
	defer close(release)
	c := &fetch.Client{Pause: time.Millisecond, Stall: 50 * time.Millisecond}
	for _, path := range []string{"/none", "/some"} {
		if err := newTarget(t).get(t.Context(), c, slow.URL+path, fetch.Options{}); !errors.Is(err, fetch.ErrStalled) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := c.Small(t.Context(), slow.URL+path, 1000); !errors.Is(err, fetch.ErrStalled) {
			t.Errorf("small %s: %v", path, err)
		}
	}
}

// A server that sends slowly, but goes on, is waited for.
func TestSlowServer(t *testing.T) {
	const stall = 300 * time.Millisecond
	next := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		for i := range 6 {
			fmt.Fprint(w, i)
			w.(http.Flusher).Flush()
			<-next
		}
	}))
	defer slow.Close()
	go func() {
		pace := time.NewTicker(stall / 3)
		defer pace.Stop()
		for range 6 {
			<-pace.C
			next <- struct{}{}
		}
	}()
	data, err := (&fetch.Client{Stall: stall}).Small(t.Context(), slow.URL, 10)
	if err != nil || string(data) != "012345" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestRedirects(t *testing.T) {
	plain := serve(t, []byte("plain"))
	var to string
	leads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	secure, open := httptest.NewTLSServer(leads), httptest.NewServer(leads)
	defer secure.Close()
	defer open.Close()
	inTLS := &fetch.Client{Transport: secure.Client().Transport}
	for name, of := range map[string]struct {
		c        *fetch.Client
		from, to string
		want     error
	}{
		"http to http":  {quick(), open.URL, plain.URL, nil},
		"https to http": {inTLS, secure.URL, plain.URL, fetch.ErrRedirect},
		"to a file":     {quick(), open.URL, "file:///etc/passwd", fetch.ErrRedirect},
		"to ftp":        {quick(), open.URL, "ftp://127.0.0.1/", fetch.ErrRedirect},
		"round":         {quick(), open.URL, open.URL, fetch.ErrRedirect},
		"no http":       {quick(), "file:///etc/passwd", "", fetch.ErrRedirect},
		"no scheme":     {quick(), "/etc/passwd", "", fetch.ErrRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			to = of.to
			data, err := of.c.Small(t.Context(), of.from, 100)
			if !errors.Is(err, of.want) || err == nil && string(data) != "plain" {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
}

func TestServersThatDoNotGive(t *testing.T) {
	none := httptest.NewServer(http.NotFoundHandler())
	var status *fetch.Status
	if err := newTarget(t).get(t.Context(), quick(), none.URL, fetch.Options{}); !errors.As(err, &status) || status.Code != http.StatusNotFound {
		t.Error(err)
	}
	none.Close()
	for _, address := range []string{none.URL, "http://no-such-host.invalid/"} {
		if _, err := quick().Small(t.Context(), address, 10); !errors.Is(err, fetch.ErrNoNetwork) {
			t.Errorf("%s: %v", address, err)
		}
	}
	// Another part than the one that was asked for.
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 5-9/10")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "56789")
	}))
	defer wrong.Close()
	if err := newTarget(t).get(t.Context(), quick(), wrong.URL, fetch.Options{}); err == nil {
		t.Error("the wrong part was taken")
	}
}

func TestMirror(t *testing.T) {
	var path string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path = r.URL.Path }))
	defer s.Close()
	if _, err := (&fetch.Client{Mirror: s.URL + "/"}).Small(t.Context(), "https://example.org/a/b", 10); err != nil || path != "/example.org/a/b" {
		t.Errorf("%q, %v", path, err)
	}
}
