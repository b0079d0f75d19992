package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client gets files. The zero value is ready; it may be used by many goroutines.
type Client struct {
	// Mirror, if not empty, is the address below which the files of all servers
	// are, each under its server's name: "https://example.org/a" is then at
	// Mirror+"/example.org/a".
	Mirror string
	// Stall is how long a server may send nothing; 0 means 30 seconds.
	Stall time.Duration
	// Pause is how long File waits before it goes on after a cut; 0 means a second.
	Pause time.Duration
	// Transport carries the requests; nil is the standard library's.
	Transport http.RoundTripper
}

const maxRedirects = 10

func (c *Client) stall() time.Duration {
	if c.Stall == 0 {
		return 30 * time.Second
	}
	return c.Stall
}

func (c *Client) pause() time.Duration {
	if c.Pause == 0 {
		return time.Second
	}
	return c.Pause
}

// IsAddress tells whether a text is an address rather than a file's path.
func IsAddress(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// Shown is an address as it may be told and kept: without who asks, by name and
// password. Any other text stays as it is.
func Shown(address string) string {
	if !IsAddress(address) {
		return address
	}
	scheme, rest, _ := strings.Cut(address, "://")
	host, path := rest, ""
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		host, path = rest[:at], rest[at:]
	}
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + path
}

// WithoutAddress is an error of an address that does not repeat it: who asked tells it,
// as Shown has it.
func WithoutAddress(err error) error {
	if about := (*url.Error)(nil); errors.As(err, &about) {
		return about.Err
	}
	return err
}

// at is where a file is to be got from.
func (c *Client) at(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", WithoutAddress(err)
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return "", fmt.Errorf("%w: %q is no address of http or https", ErrRedirect, Shown(address))
	}
	if c.Mirror == "" {
		return address, nil
	}
	_, path, _ := strings.Cut(address, "://")
	return strings.TrimSuffix(c.Mirror, "/") + "/" + path, nil
}

// checkRedirect follows only within http and https, and never from https to http.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[len(via)-1].URL.Scheme, req.URL.Scheme
	switch {
	case to != "https" && to != "http":
		return fmt.Errorf("%w: from %s to %s", ErrRedirect, from, to)
	case from == "https" && to == "http":
		return fmt.Errorf("%w: from https to %s, which anyone on the way could change", ErrRedirect, Shown(req.URL.String()))
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d times", ErrRedirect, maxRedirects)
	}
	return nil
}

// get asks for a file. The body's reads fail with ErrStalled when nothing comes
// for too long. The caller closes it.
func (c *Client) get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	address, err := c.at(address)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancelCause(ctx)
	watch := time.AfterFunc(c.stall(), func() { end(fmt.Errorf("%w for %v", ErrStalled, c.stall())) })
	stop := func() {
		watch.Stop()
		end(nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		stop()
		return nil, err
	}
	for key, values := range header {
		req.Header[key] = values
	}
	// Some servers say of a .gz file that it is only sent so: it must not be
	// unpacked on the way.
	req.Header.Set("Accept-Encoding", "identity")
	// Of what a server sends on a connection that is kept, unasked, the library
	// writes a line of its own to standard error.
	req.Close = true
	resp, err := (&http.Client{Transport: c.Transport, CheckRedirect: checkRedirect}).Do(req)
	if err != nil {
		defer stop()
		err = WithoutAddress(err)
		return nil, explain(why(ctx, err))
	}
	resp.Body = &watched{resp.Body, ctx, watch, c.stall(), stop}
	return resp, nil
}

// why is the cause of an error of a request whose context may have ended.
func why(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// watched is a body that must go on coming.
type watched struct {
	io.ReadCloser
	ctx   context.Context
	watch *time.Timer
	stall time.Duration
	stop  func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.watch.Reset(w.stall)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = why(w.ctx, err)
	}
	return n, err
}

func (w *watched) Close() error {
	w.stop()
	return w.ReadCloser.Close()
}

// Small gets a whole file of at most limit bytes.
func (c *Client) Small(ctx context.Context, address string, limit int64) ([]byte, error) {
	data, err := c.small(ctx, address, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Shown(address), err)
	}
	return data, nil
}

func (c *Client) small(ctx context.Context, address string, limit int64) ([]byte, error) {
	resp, err := c.get(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &Status{resp.StatusCode, resp.Status}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", ErrCut, err)
	}
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return data, err
}
