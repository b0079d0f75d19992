// Package fetch downloads files over HTTP, robustly: with a size limit, a timeout for stalled
// servers, resumption of interrupted downloads, and without redirects from https to http.
//
// It does not interpret or verify the contents; its callers do.
package fetch

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Errors that callers distinguish.
var (
	// ErrNoNetwork means that the server could not be reached.
	ErrNoNetwork = errors.New("no connection")
	// ErrStalled means that the server sent nothing for too long.
	ErrStalled = errors.New("the download stalled")
	// ErrTooLarge means that the file is larger than expected.
	ErrTooLarge = errors.New("the file is larger than expected")
	// ErrRedirect means that the server sent a redirect that is not allowed.
	ErrRedirect = errors.New("unexpected redirect")
	// ErrCut means that the download ended too early, even after retries.
	ErrCut = errors.New("the download was interrupted")
)

// PartKept is the error of an interrupted download whose first Bytes bytes are stored. The
// next call of Download continues it.
type PartKept struct {
	Err   error
	Bytes int64
}

func (p *PartKept) Error() string { return p.Err.Error() }

// Unwrap returns the error that ended the download.
func (p *PartKept) Unwrap() error { return p.Err }

// Status is an HTTP error status.
type Status struct {
	Code int
	Text string // "404 Not Found"
}

func (s *Status) Error() string { return "the server answered " + s.Text }

// classifyError wraps connection errors in ErrNoNetwork or ErrCut.
func classifyError(err error) error {
	var dial *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &name) || errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect"):
		return fmt.Errorf("%w: %w", ErrNoNetwork, err)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	return err
}
