package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"vmterminal/vm/agent/wire"
)

var (
	// ErrClosed means that the stream to the guest has ended.
	ErrClosed = errors.New("the connection to the guest's agent is closed")
	// ErrNoAnswer means that the agent did not answer in time. The guest may have no agent.
	ErrNoAnswer = errors.New("the guest's agent does not answer")
	// ErrRestarted means that the agent or its guest was restarted before it answered.
	ErrRestarted = errors.New("the guest's agent was restarted")
	// ErrBadAnswer means that the guest's response is invalid.
	ErrBadAnswer = errors.New("invalid response from the guest's agent")
	// ErrUnsupported means that the guest's agent does not support the operation.
	ErrUnsupported = errors.New("not supported by the guest's agent")
	// ErrWrongState means that the guest is frozen, or not frozen, when it must not be.
	ErrWrongState = errors.New("the guest is not in the right state")
	// ErrNotFound means that the guest has no such command.
	ErrNotFound = errors.New("not found in the guest")
	// ErrNotExecutable means that the guest has the command but cannot execute it.
	ErrNotExecutable = errors.New("cannot be executed in the guest")
	// ErrBusy means that the agent has too many pending requests.
	ErrBusy = errors.New("the guest's agent is busy")
)

// A GuestError is an error reported by the guest. It may wrap one of the errors above.
type GuestError struct {
	Op   string
	Text string // printable, bounded
	err  error
}

func (e *GuestError) Error() string { return fmt.Sprintf("%s in the guest: %s", e.Op, e.Text) }

func (e *GuestError) Unwrap() error { return e.err }

// resultClass returns a class of err for the log, which must not contain texts from the
// guest.
func resultClass(err error) string {
	classes := []struct {
		is    error
		class string
	}{
		{ErrNoAnswer, "no answer"},
		{ErrClosed, "disconnected"},
		{ErrRestarted, "agent restarted"},
		{ErrBadAnswer, "bad answer"},
		{ErrUnsupported, "unsupported"},
		{ErrWrongState, "wrong state"},
		{ErrNotFound, "not found"},
		{ErrNotExecutable, "not executable"},
		{ErrBusy, "busy"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
	}
	if err == nil {
		return "ok"
	}
	for _, c := range classes {
		if errors.Is(err, c.is) {
			return c.class
		}
	}
	if errors.As(err, new(*GuestError)) {
		return "refused"
	}
	return "failed"
}

func guestError(op string, e *wire.Error) error {
	causes := map[string]error{
		wire.CodeUnsupported:   ErrUnsupported,
		wire.CodeState:         ErrWrongState,
		wire.CodeNotFound:      ErrNotFound,
		wire.CodeNotExecutable: ErrNotExecutable,
		wire.CodeBusy:          ErrBusy,
	}
	text := toPrintable(e.Text, 300)
	if text == "" {
		text = "no reason given"
	}
	return &GuestError{Op: op, Text: text, err: causes[e.Code]}
}

// toPrintable returns at most limit characters of s, with unprintable ones replaced, so
// that they cannot control a terminal.
func toPrintable(s string, limit int) string {
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
