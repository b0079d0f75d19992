package agent

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"vmterminal/vm/agent/wire"
)

var (
	// ErrClosed means that the stream to the guest has ended.
	ErrClosed = errors.New("the connection to the guest's agent is closed")
	// ErrNoAnswer means that the agent did not answer in time; there may be none.
	ErrNoAnswer = errors.New("the guest's agent does not answer")
	// ErrRestarted means that the agent or its guest started anew, so that it
	// has forgotten the request.
	ErrRestarted = errors.New("the guest's agent was restarted")
	// ErrBadAnswer means that the guest sent what no agent would.
	ErrBadAnswer = errors.New("the guest's agent answers nonsense")
	// ErrUnsupported means that this guest's agent cannot do it.
	ErrUnsupported = errors.New("not supported by the guest's agent")
	// ErrWrongState is frozen where it must not be, or thawed where it must.
	ErrWrongState = errors.New("the guest is not in the right state")
	// ErrNotFound means that the guest has no such command.
	ErrNotFound = errors.New("not found in the guest")
	// ErrBusy means that the agent has too much to do.
	ErrBusy = errors.New("the guest's agent is busy")
)

// A GuestError is a refusal by the guest; errors.Is finds the cause among the
// errors above where it is one of them.
type GuestError struct {
	Op   string
	Text string // printable, bounded
	err  error
}

func (e *GuestError) Error() string { return fmt.Sprintf("%s in the guest: %s", e.Op, e.Text) }

func (e *GuestError) Unwrap() error { return e.err }

func guestError(op string, e *wire.Error) error {
	causes := map[string]error{
		wire.CodeUnsupported: ErrUnsupported,
		wire.CodeState:       ErrWrongState,
		wire.CodeNotFound:    ErrNotFound,
		wire.CodeBusy:        ErrBusy,
	}
	text := printable(e.Text, 300)
	if text == "" {
		text = "no reason given"
	}
	return &GuestError{Op: op, Text: text, err: causes[e.Code]}
}

// printable returns at most limit characters of s, without those that could
// command a terminal.
func printable(s string, limit int) string {
	var b strings.Builder
	for _, r := range s {
		if limit == 0 {
			break
		}
		limit--
		if !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
