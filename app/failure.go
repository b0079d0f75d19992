package app

import (
	"fmt"

	"vmterminal/app/problem"
)

// A Failure is the error of a use case: the operation that failed, and the state it left
// behind.
type Failure struct {
	Operation problem.Operation
	Disk      []problem.State
	Err       error
}

func (f *Failure) Error() string { return fmt.Sprintf("%v: %v", f.Operation, f.Err) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// wrapFailure wraps an error of a use case in a *Failure. It returns nil if err is nil.
func wrapFailure(err error, op problem.Operation, disk ...problem.StateCode) error {
	if err == nil {
		return nil
	}
	f := &Failure{Operation: op, Err: err}
	for _, code := range disk {
		f.Disk = append(f.Disk, problem.State{Code: code})
	}
	return f
}
