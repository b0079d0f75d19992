package app

import "errors"

// Errors of the Service itself. It also returns errors of vm and snapshot.
var (
	// ErrRunning is returned by operations that require a stopped VM.
	ErrRunning = errors.New("VM is running")
	// ErrStopped is returned by operations that require a running VM.
	ErrStopped = errors.New("VM is stopped")
	// ErrState is returned by operations that are not possible in the current state.
	ErrState = errors.New("not possible now")
	// ErrTemporary is returned by operations on a temporary VM whose results would be deleted
	// with it.
	ErrTemporary = errors.New("the VM is temporary: it is deleted when it stops")
	// ErrNoBoot means that the guest in a snapshot has not started.
	ErrNoBoot = errors.New("the guest did not start")
	// ErrNoFolder means that the folder of a file does not exist.
	ErrNoFolder = errors.New("the folder does not exist")
	// ErrNoJob means that no job is running.
	ErrNoJob = errors.New("no job is running")
)
