package ondisk

import "errors"

// ErrNotDurable is what every *NotDurable is.
var ErrNotDurable = errors.New("done, but perhaps not durably")

// A NotDurable is an error after the step that decides: what was to be done is
// done, but a power cut may undo it.
type NotDurable struct{ Err error }

func (n *NotDurable) Error() string { return n.Err.Error() }

// Unwrap returns the cause.
func (n *NotDurable) Unwrap() error { return n.Err }

// Is matches ErrNotDurable.
func (n *NotDurable) Is(target error) bool { return target == ErrNotDurable }

// Done is the error of making durable what is done; nil stays nil.
func Done(err error) error {
	if err == nil {
		return nil
	}
	return &NotDurable{err}
}

// NotDone is the error of a step that does not decide: that the step itself is
// done, but perhaps not durably, is no news to who asked for more.
func NotDone(err error) error {
	var n *NotDurable
	if errors.As(err, &n) {
		return n.Err
	}
	return err
}
