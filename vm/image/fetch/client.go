package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client downloads files. The zero value is ready to use. It is safe for concurrent use.
type Client struct {
	// Mirror, if not empty, is a URL below which the files of all servers are available:
	// "https://example.org/a" is downloaded from Mirror+"/example.org/a".
	Mirror string
	// StallTimeout is the timeout for a server that sends nothing; 0 means 30 seconds.
	StallTimeout time.Duration
	// RetryPause is how long Download waits before it retries; 0 means one second.
	RetryPause time.Duration
	// Transport is used for requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Log receives debug messages about resumed and retried downloads; nil means no log.
	// They do not contain URLs, which can contain passwords.
	Log *slog.Logger
}

const maxRedirects = 10

func (c *Client) stallTimeout() time.Duration {
	if c.StallTimeout == 0 {
		return 30 * time.Second
	}
	return c.StallTimeout
}

func (c *Client) retryPause() time.Duration {
	if c.RetryPause == 0 {
		return time.Second
	}
	return c.RetryPause
}

func (c *Client) logDebug(ctx context.Context, text string, attrs ...slog.Attr) {
	if c.Log != nil {
		c.Log.LogAttrs(ctx, slog.LevelDebug, text, attrs...)
	}
}

// IsURL reports whether text is an HTTP URL rather than a file's path.
func IsURL(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// RedactURL returns a URL without its user name and password, so that it can be shown and
// stored. It returns any other text unchanged.
func RedactURL(address string) string {
	if !IsURL(address) {
		return address
	}
	scheme, rest, _ := strings.Cut(address, "://")
	host, path := rest, ""
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		host, path = rest[:at], rest[at:]
	}
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + path
}

// WithoutURL returns the cause of a *url.Error, because the error itself contains the URL
// with its password. The caller should add the result of RedactURL.
func WithoutURL(err error) error {
	if urlErr := (*url.Error)(nil); errors.As(err, &urlErr) {
		return urlErr.Err
	}
	return err
}

// resolve returns the URL to download a file from.
func (c *Client) resolve(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", WithoutURL(err)
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return "", fmt.Errorf("%w: %q is not an HTTP URL", ErrRedirect, RedactURL(address))
	}
	if c.Mirror == "" {
		return address, nil
	}
	_, path, _ := strings.Cut(address, "://")
	return strings.TrimSuffix(c.Mirror, "/") + "/" + path, nil
}

// checkRedirect rejects redirects from https to http, and to anything other than http and
// https.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[len(via)-1].URL.Scheme, req.URL.Scheme
	switch {
	case to != "https" && to != "http":
		return fmt.Errorf("%w: from %s to %s", ErrRedirect, from, to)
	case from == "https" && to == "http":
		return fmt.Errorf("%w: from https to unencrypted %s", ErrRedirect, RedactURL(req.URL.String()))
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d times", ErrRedirect, maxRedirects)
	}
	return nil
}

// get requests a file. Reads of the body fail with ErrStalled if the server stops sending.
// The caller must close the body.
func (c *Client) get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	address, err := c.resolve(address)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancelCause(ctx)
	watch := time.AfterFunc(c.stallTimeout(), func() { end(fmt.Errorf("%w for %v", ErrStalled, c.stallTimeout())) })
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
	// Some servers declare a .gz file as Content-Encoding gzip; it must not be decompressed.
	req.Header.Set("Accept-Encoding", "identity")
	// Disable keep-alive, because net/http logs unsolicited responses to standard error.
	req.Close = true
	resp, err := (&http.Client{Transport: c.Transport, CheckRedirect: checkRedirect}).Do(req)
	if err != nil {
		defer stop()
		err = WithoutURL(err)
		return nil, classifyError(contextCause(ctx, err))
	}
	resp.Body = &stallReader{resp.Body, ctx, watch, c.stallTimeout(), stop}
	return resp, nil
}

// contextCause returns the context's cause if the context has ended, and otherwise err.
func contextCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// stallReader is a response body with a timeout between reads.
type stallReader struct {
	io.ReadCloser
	ctx   context.Context
	watch *time.Timer
	stall time.Duration
	stop  func()
}

func (w *stallReader) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.watch.Reset(w.stall)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = contextCause(w.ctx, err)
	}
	return n, err
}

func (w *stallReader) Close() error {
	w.stop()
	return w.ReadCloser.Close()
}

// DownloadSmall downloads a whole file of at most limit bytes.
func (c *Client) DownloadSmall(ctx context.Context, address string, limit int64) ([]byte, error) {
	data, err := c.downloadSmall(ctx, address, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", RedactURL(address), err)
	}
	return data, nil
}

func (c *Client) downloadSmall(ctx context.Context, address string, limit int64) ([]byte, error) {
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
