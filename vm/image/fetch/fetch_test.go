package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vmterminal/vm/image/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFile(t *testing.T) {
	data := content(3 << 20)
	s := serve(t, data)
	to, m := newTarget(t), &meter{}
	if err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{Progress: m}); err != nil {
		t.Fatal(err)
	}
	to.checkContent(t, data)
	if m.done.Load() != int64(len(data)) || m.total.Load() != int64(len(data)) {
		t.Errorf("got progress %d of %d, want %v of %v", m.done.Load(), m.total.Load(), int64(len(data)), int64(len(data)))
	}
}

func TestFileContinuesAfterInterruptions(t *testing.T) {
	data := content(3 << 20)
	s := serve(t, data, 1<<20, 0, 100_000, 5)
	to, m := newTarget(t), &meter{}
	var logged bytes.Buffer
	c := newQuickClient()
	c.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := to.get(t.Context(), c, s.URL, fetch.Options{Progress: m, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	to.checkContent(t, data)
	asked := s.requests()
	if len(asked) != 5 || asked[0] != "" || asked[1] == "" || asked[1] == asked[3] {
		t.Errorf("got requested ranges %q, want 5 entries", asked)
	}
	for _, want := range []string{`msg="download interrupted; trying again" failures=1 received=1048576`, `msg="download resumed" received=1048576`} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("got log %q, want %q in it", logged.String(), want)
		}
	}
	if strings.Contains(logged.String(), s.URL) {
		t.Errorf("got log %q, want no address in it", logged.String())
	}
	if m.done.Load() != int64(len(data)) || m.again.Load() != 4 {
		t.Errorf("got progress %d with %d retries, want %v with 4", m.done.Load(), m.again.Load(), int64(len(data)))
	}
}

func TestFileContinuesInAnotherCall(t *testing.T) {
	data := content(3 << 20)
	s := serve(t, data)
	to := newTarget(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := &meter{at: func(done int64) {
		if done > 1<<20 {
			cancel()
		}
	}}
	if err := to.get(ctx, newQuickClient(), s.URL, fetch.Options{Progress: m}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{}); err != nil {
		t.Fatal(err)
	}
	to.checkContent(t, data)
	if asked := s.requests(); len(asked) != 2 || asked[1] == "" {
		t.Errorf("got requested ranges %q, want 2 entries", asked)
	}
}

// A complete file is not downloaded again.
func TestFileIsAlreadyComplete(t *testing.T) {
	data := content(1 << 20)
	s := serve(t, data)
	to := newTarget(t)
	for range 2 {
		if err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{}); err != nil {
			t.Fatal(err)
		}
		to.checkContent(t, data)
		s.cut = []int{0} // an answer with content would fail
	}
	if asked := s.requests(); len(asked) != 2 {
		t.Errorf("got requested ranges %q, want 2 entries", asked)
	}
}

// A file that changed, or that has no validator, is downloaded from the start.
func TestFileRestarts(t *testing.T) {
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
			if err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{}); !errors.Is(err, fetch.ErrCut) {
				t.Fatal(err)
			}
			s.cut = nil
			if err := to.get(t.Context(), newQuickClient(), begin(s, to), fetch.Options{}); err != nil {
				t.Fatal(err)
			}
			to.checkContent(t, s.data)
		})
	}
}

func TestFileIsBounded(t *testing.T) {
	s := serve(t, content(2<<20))
	for name, opt := range map[string]fetch.Options{"limit": {Limit: 1 << 20}, "size": {Size: 1 << 20}, "larger size": {Size: 3 << 20}} {
		if err := newTarget(t).get(t.Context(), newQuickClient(), s.URL, opt); err == nil {
			t.Errorf("%s: got no error for an oversized download, want one", name)
		}
	}
	// The server does not announce a size and does not stop.
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	to := newTarget(t)
	if err := to.get(t.Context(), newQuickClient(), endless.URL, fetch.Options{Limit: 1 << 20}); !errors.Is(err, fetch.ErrTooLarge) {
		t.Error(err)
	}
	to.isEmpty(t)
	if _, err := newQuickClient().DownloadSmall(t.Context(), endless.URL, 1000); !errors.Is(err, fetch.ErrTooLarge) {
		t.Error(err)
	}
}

// Unsolicited data after a response is ignored and not logged.
func TestUnsolicitedDataIsIgnored(t *testing.T) {
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
	if text, err := newQuickClient().DownloadSmall(t.Context(), s.URL, 1000); err != nil || string(text) != "file" {
		t.Errorf("Small: got %q, %v; want %q", text, err, "file")
	}
	<-hungUp
	select {
	case line := <-said:
		t.Errorf("got log line %q, want none", line)
	default:
	}
}

// lines is a writer that sends each line to a channel.
type lines chan<- string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// The download phase starts before the server responds.
func TestPhaseWhileWaiting(t *testing.T) {
	p := &named{}
	if err := newTarget(t).get(t.Context(), newQuickClient(), noServer, fetch.Options{Progress: p}); !errors.Is(err, fetch.ErrNoNetwork) {
		t.Fatal(err)
	}
	if p.phase != fetch.PhaseDownload {
		t.Errorf("got phase %q, want %v", p.phase, fetch.PhaseDownload)
	}
}

type named struct{ phase string }

func (n *named) Phase(name string, _ int64) { n.phase = name }
func (*named) Add(int64)                    {}

func TestFileChecksRoom(t *testing.T) {
	full := errors.New("no room")
	s := serve(t, content(12<<20))
	to := newTarget(t)
	room := int64(6 << 20)
	opt := fetch.Options{Room: func(bytes int64) error {
		if room -= bytes; room < 0 {
			return full
		}
		return nil
	}}
	if err := to.get(t.Context(), newQuickClient(), s.URL, opt); !errors.Is(err, full) {
		t.Error(err)
	}
	to.isEmpty(t) // a leftover file would occupy the space that is missing
}

// Files are left behind only if the error is a *PartKept.
func TestFilesAfterFailures(t *testing.T) {
	for name, c := range map[string]struct {
		etag string
		kept int64
	}{"with a validator": {`"one"`, 1 << 20}, "without": {"", 0}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, content(3<<20), 1<<20, 0, 0, 0, 0)
			s.set(s.data, c.etag)
			to := newTarget(t)
			err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{})
			var kept *fetch.PartKept
			if !errors.Is(err, fetch.ErrCut) || errors.As(err, &kept) != (c.kept > 0) || kept != nil && kept.Bytes != c.kept {
				t.Errorf("got error %v, kept %+v; want error %v", err, kept, fetch.ErrCut)
			}
			if kept == nil {
				to.isEmpty(t)
			}
		})
	}
}

// Servers that ignore If-Range send the rest of their current file, even if it has changed.
func TestPartOfAnotherFile(t *testing.T) {
	old, data := content(3<<20), bytes.Repeat([]byte("new"), 1<<20)
	for name, c := range map[string]struct{ header, old, new string }{
		"etag":          {"ETag", `"one"`, `"two"`},
		"last modified": {"Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT", "Tue, 03 Nov 2026 10:00:00 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Header.Get("Range"))
				r.Header.Del("If-Range")
				now, validator := data, c.new
				if len(asked) == 1 {
					now, validator = old, c.old
					w = &cutter{w, 1 << 20}
				}
				w.Header().Set(c.header, validator)
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(now))
			}))
			defer s.Close()
			to := newTarget(t)
			if err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{}); err != nil {
				t.Fatal(err)
			}
			to.checkContent(t, data)
			if len(asked) != 3 || asked[1] == "" || asked[2] != "" {
				t.Errorf("got requested ranges %q, want 3 entries", asked)
			}
		})
	}
}

// A file that changes at each request is not requested forever.
func TestFileThatKeepsChanging(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		r.Header.Del("If-Range")
		w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprint(asked)))
		http.ServeContent(&cutter{w, 1000 * asked}, r, "", time.Time{}, bytes.NewReader(content(1<<20)))
	}))
	defer s.Close()
	to := newTarget(t)
	if err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{}); err == nil {
		t.Error("got the whole file, want an error")
	}
	if asked > 20 {
		t.Errorf("got %d requests, want at most 20", asked)
	}
	to.isEmpty(t)
}

// Status 416 for a request without a range is an error that leaves nothing behind.
func TestFirstRequestOutOfRange(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such range", http.StatusRequestedRangeNotSatisfiable)
	}))
	defer s.Close()
	to := newTarget(t)
	err := to.get(t.Context(), newQuickClient(), s.URL, fetch.Options{})
	if status := (*fetch.Status)(nil); !errors.As(err, &status) || status.Code != 416 || errors.Is(err, fetch.ErrCut) || errors.As(err, new(*fetch.PartKept)) {
		t.Error(err)
	}
	to.isEmpty(t)
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
	c := &fetch.Client{RetryPause: time.Millisecond, StallTimeout: 50 * time.Millisecond}
	for _, path := range []string{"/none", "/some"} {
		if err := newTarget(t).get(t.Context(), c, slow.URL+path, fetch.Options{}); !errors.Is(err, fetch.ErrStalled) {
			t.Errorf("%s: got error %v, want error %v", path, err, fetch.ErrStalled)
		}
		if _, err := c.DownloadSmall(t.Context(), slow.URL+path, 1000); !errors.Is(err, fetch.ErrStalled) {
			t.Errorf("small %s: got error %v, want error %v", path, err, fetch.ErrStalled)
		}
	}
}

// A server that sends slowly but steadily does not time out.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stall = time.Second
		slow := transport(func(r *http.Request) *http.Response {
			return &http.Response{StatusCode: http.StatusOK, Request: r, ContentLength: 6, Body: &slowBody{"012345", stall * 9 / 10}}
		})
		data, err := (&fetch.Client{StallTimeout: stall, Transport: slow}).DownloadSmall(t.Context(), "http://slow.invalid/", 10)
		if err != nil || string(data) != "012345" {
			t.Errorf("Small: got %q, %v; want %q", data, err, "012345")
		}
	})
}

type transport func(*http.Request) *http.Response

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// slowBody returns one byte of rest after each pause.
type slowBody struct {
	rest  string
	pause time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.rest == "" {
		return 0, io.EOF
	}
	time.Sleep(b.pause)
	n := copy(p, b.rest[:1])
	b.rest = b.rest[n:]
	return n, nil
}

func (*slowBody) Close() error { return nil }

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
		"http to http":  {newQuickClient(), open.URL, plain.URL, nil},
		"https to http": {inTLS, secure.URL, plain.URL, fetch.ErrRedirect},
		"to a file":     {newQuickClient(), open.URL, "file:///etc/passwd", fetch.ErrRedirect},
		"to ftp":        {newQuickClient(), open.URL, "ftp://127.0.0.1/", fetch.ErrRedirect},
		"round":         {newQuickClient(), open.URL, open.URL, fetch.ErrRedirect},
		"no http":       {newQuickClient(), "file:///etc/passwd", "", fetch.ErrRedirect},
		"no scheme":     {newQuickClient(), "/etc/passwd", "", fetch.ErrRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			to = of.to
			data, err := of.c.DownloadSmall(t.Context(), of.from, 100)
			if !errors.Is(err, of.want) || err == nil && string(data) != "plain" {
				t.Errorf("Small: got %q, %v; want error %v", data, err, of.want)
			}
		})
	}
}

func TestErrorStatus(t *testing.T) {
	none := httptest.NewServer(http.NotFoundHandler())
	defer none.Close()
	var status *fetch.Status
	if err := newTarget(t).get(t.Context(), newQuickClient(), none.URL, fetch.Options{}); !errors.As(err, &status) || status.Code != http.StatusNotFound {
		t.Error(err)
	}
	for _, address := range []string{noServer, "http://no-such-host.invalid/"} {
		if _, err := newQuickClient().DownloadSmall(t.Context(), address, 10); !errors.Is(err, fetch.ErrNoNetwork) {
			t.Errorf("%s: got error %v, want error %v", address, err, fetch.ErrNoNetwork)
		}
	}
	// The server sends a range that was not requested.
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 5-9/10")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "56789")
	}))
	defer wrong.Close()
	if err := newTarget(t).get(t.Context(), newQuickClient(), wrong.URL, fetch.Options{}); err == nil {
		t.Error("got no error for a wrong range, want one")
	}
}

func TestMirror(t *testing.T) {
	var path string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path = r.URL.Path }))
	defer s.Close()
	if _, err := (&fetch.Client{Mirror: s.URL + "/"}).DownloadSmall(t.Context(), "https://example.org/a/b", 10); err != nil || path != "/example.org/a/b" {
		t.Errorf("Small: got %q, %v; want %q", path, err, "/example.org/a/b")
	}
}
