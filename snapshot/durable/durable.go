package durable

import "errors"

// ErrNotDurable is matched by every *NotDurable.
var ErrNotDurable = errors.New("done, but perhaps not durably")

// NotDurable is an error that occurred after the decisive step of an operation: the
// operation is done, but a power cut may undo it. It matches ErrNotDurable.
type NotDurable struct{ Err error }

func (n *NotDurable) Error() string { return n.Err.Error() }

// Unwrap returns the cause.
func (n *NotDurable) Unwrap() error { return n.Err }

// Is reports whether target is ErrNotDurable.
func (n *NotDurable) Is(target error) bool { return target == ErrNotDurable }

// MarkNotDurable wraps the error of an fsync after the decisive step in a *NotDurable. It
// returns nil for nil.
func MarkNotDurable(err error) error {
	if err == nil {
		return nil
	}
	return &NotDurable{err}
}

// UnmarkNotDurable returns the cause of a *NotDurable, and other errors unchanged. It is
// for steps before the decisive one: if such a step fails, the operation is not done.
func UnmarkNotDurable(err error) error {
	var n *NotDurable
	if errors.As(err, &n) {
		return n.Err
	}
	return err
}
