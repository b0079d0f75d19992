// Package fetch gets files over HTTP so that whatever the network does, what is
// there in the end is what was asked for, or an error: with limits of size, and of
// how long nothing may come; going on where it was cut off; and never led from
// https to http.
//
// It knows addresses and files, and nothing of what is in them: who needs to know
// checks that.
package fetch

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Errors that callers tell apart.
var (
	// ErrNoNetwork says that no server could be reached at all.
	ErrNoNetwork = errors.New("no connection")
	// ErrStalled says that a server sent nothing for too long.
	ErrStalled = errors.New("nothing came any more")
	// ErrTooLarge says that there is more than was to be expected.
	ErrTooLarge = errors.New("it is larger than it should be")
	// ErrRedirect says that a server leads where nobody should follow.
	ErrRedirect = errors.New("the server leads elsewhere")
	// ErrCut says that a file ended too early, also when tried again.
	ErrCut = errors.New("the download was cut off")
)

// Status is the answer of a server that did not give the file.
type Status struct {
	Code int
	Text string // "404 Not Found"
}

func (s *Status) Error() string { return "the server answered " + s.Text }

// explain marks an error of a server that could not be reached, or that hung up.
func explain(err error) error {
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
