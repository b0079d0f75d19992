package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
)

// Errors that callers distinguish.
var (
	// ErrNotRunning means that no QEMU of this VM is running.
	ErrNotRunning = errors.New("the VM is not running")
	// ErrNotAnswering means that the VM is running but does not answer. The error is an
	// *Orphan if the supervisor is gone.
	ErrNotAnswering = errors.New("the VM does not answer")
	// ErrSupervisorGone means that the VM runs without its supervisor; see *Orphan.
	ErrSupervisorGone = errors.New("its supervisor is gone")
	// ErrBusy means that another point in time is being read, or that the VM is starting
	// or stopping.
	ErrBusy = errors.New("busy")
	// ErrNotPreserved means that a VM was started while a job read its disk, and that the
	// disk as it was before is no longer available.
	ErrNotPreserved = errors.New("the VM was started, and the disk as it was before is no longer available")
	// ErrOtherUser means that the VM is running, or may be running, as another user: its
	// lock is held or unreadable, and its files are not accessible to this user.
	ErrOtherUser = errors.New("running, owned by another user")
	// ErrNoAgent means that the guest's agent does not answer.
	ErrNoAgent = errors.New("the guest's agent does not answer")
	// ErrPaused means that the VM is paused, so that its guest cannot answer.
	ErrPaused = errors.New("the VM is paused")
	// ErrForwards means that a change of a running VM's forwards was made only in part.
	ErrForwards = errors.New("forwards partly changed")
	// ErrPort means that a port of the host cannot be forwarded.
	ErrPort = errors.New("cannot be forwarded")
	// ErrShare means that a folder cannot be shared.
	ErrShare = errors.New("cannot be shared")
	// ErrSocketDir means that sockets cannot be in the store, and that the folder for them
	// outside the store is owned by or accessible to other users.
	ErrSocketDir = errors.New("not a private folder of this user")
	// ErrBadSpec means that the description of a VM to run is incomplete or invalid.
	ErrBadSpec = errors.New("invalid VM specification")
)

// Orphan is the error for a VM that runs without its supervisor. Package supervisor can
// take it over (Spec.Adopt) and stop it (StopOrphan).
type Orphan struct{ QEMUPID int }

func (o *Orphan) Error() string {
	return fmt.Sprintf("%v; QEMU (pid %d) is still running", ErrSupervisorGone, o.QEMUPID)
}

// Unwrap returns ErrSupervisorGone and ErrNotAnswering.
func (o *Orphan) Unwrap() []error { return []error{ErrSupervisorGone, ErrNotAnswering} }

// errorCodes are the codes of errors that are sent to another process. The first match
// wins; decoding a code returns the first error with that code.
var errorCodes = []struct {
	code string
	is   error
}{
	{"not-running", ErrNotRunning},
	{"not-answering", ErrNotAnswering},
	{"no-agent", ErrNoAgent},
	{"no-agent", agent.ErrNoAnswer},
	{"agent-restarted", agent.ErrRestarted},
	{"paused", ErrPaused},
	{"not-preserved", ErrNotPreserved},
	{"not-in-guest", agent.ErrNotFound},
	{"not-executable", agent.ErrNotExecutable},
	{"no-qemu", qemu.ErrNoQEMU},
	{"accelerator", qemu.ErrNoAccelerator},
	{"no-memory", qemu.ErrNoMemory},
	{"forwards", ErrForwards},
	{"port", ErrPort},
	{"share", ErrShare},
	{"no-firmware", qemu.ErrNoFirmware},
	{"no-sharing", qemu.ErrNoSharing},
	{"disk-missing", vm.ErrNoDisk},
	{"disk-source-damaged", lazydisk.ErrDamaged},
	{"disk-newer", lazydisk.ErrNewer},
	{"no-space", syscall.ENOSPC},
	{"no-space-quota", syscall.EDQUOT},
	{"locked", durable.ErrLocked},
	{"busy", ErrBusy},
	{"bad-spec", ErrBadSpec},
	{"path-too-long", qemu.ErrPathTooLong},
	{"socket-dir", ErrSocketDir},
	{"permission", fs.ErrPermission},
	{"not-answering", context.DeadlineExceeded}, // QEMU timed out; the agent's timeouts match above
}

// RemoteError is an error received from another process. It wraps the error that
// belongs to its code.
type RemoteError struct {
	Code    string          `json:"code,omitempty"`
	Message string          `json:"message"`
	Holder  *durable.Holder `json:"holder,omitempty"` // with code "locked"
}

func (e *RemoteError) Error() string { return e.Message }

// Unwrap returns the error for the code, with the lock's holder if there is one.
func (e *RemoteError) Unwrap() error {
	if e.Code == "locked" && e.Holder != nil {
		return &durable.Busy{Holder: *e.Holder}
	}
	for _, c := range errorCodes {
		if c.code == e.Code {
			return c.is
		}
	}
	return nil
}

// NewRemoteError returns err as it is sent to another process.
func NewRemoteError(err error) *RemoteError {
	e := &RemoteError{Message: err.Error()}
	for _, c := range errorCodes {
		if errors.Is(err, c.is) {
			e.Code = c.code
			break
		}
	}
	var busy *durable.Busy
	if errors.As(err, &busy) {
		e.Holder = &busy.Holder
	}
	return e
}
