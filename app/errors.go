package app

import (
	"errors"
	"fmt"
)

// Errors of the Service's own; those of vm and snapshot pass through it.
var (
	// ErrRunning refuses what needs a stopped VM.
	ErrRunning = errors.New("VM is running")
	// ErrStopped refuses what needs a running VM.
	ErrStopped = errors.New("VM is stopped")
	// ErrState refuses what makes no sense as things are.
	ErrState = errors.New("not now")
	// ErrNoFolder says that a file's folder is not there.
	ErrNoFolder = errors.New("there is no such folder")
	// ErrNoJob says that nothing is under way.
	ErrNoJob = errors.New("no job is under way")
)

// errStoppedAlready is ErrStopped to who wants just that.
var errStoppedAlready = fmt.Errorf("%w already", ErrStopped)
