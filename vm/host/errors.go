package host

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
)

// Errors that callers tell apart.
var (
	// ErrNotRunning says that no QEMU of this VM runs.
	ErrNotRunning = errors.New("the VM is not running")
	// ErrNotAnswering says that the VM runs and cannot be spoken to. It comes in
	// an *Orphan when the host process is gone.
	ErrNotAnswering = errors.New("the VM does not answer")
	// ErrHostGone says that the VM runs on without its host process; see *Orphan.
	ErrHostGone = errors.New("its host process is gone")
	// ErrBusy says that another point in time is being read, or that the VM is
	// stopping.
	ErrBusy = errors.New("busy")
	// ErrNoAgent says that the guest's agent does not answer.
	ErrNoAgent = errors.New("the guest's agent does not answer")
)

// Orphan is a VM that runs although its host process is gone. Run with
// Spec.Adopt takes it over; StopOrphan ends it.
type Orphan struct{ QEMUPID int }

func (o *Orphan) Error() string {
	return fmt.Sprintf("%v; QEMU (process %d) still runs", ErrHostGone, o.QEMUPID)
}

// Unwrap returns ErrHostGone and ErrNotAnswering.
func (o *Orphan) Unwrap() []error { return []error{ErrHostGone, ErrNotAnswering} }

// codes name the errors that are still told apart on the other side of a pipe
// or socket. The first that matches counts.
var codes = []struct {
	code string
	is   error
}{
	{"not-running", ErrNotRunning},
	{"not-answering", ErrNotAnswering},
	{"no-agent", ErrNoAgent},
	{"not-in-guest", agent.ErrNotFound},
	{"no-qemu", qemu.ErrNoQEMU},
	{"accelerator", qemu.ErrNoAccelerator},
	{"forwards", ErrForwards},
	{"port", ErrPort},
	{"share", ErrShare},
	{"no-firmware", qemu.ErrNoFirmware},
	{"no-sharing", qemu.ErrNoSharing},
	{"disk-missing", vm.ErrNoDisk},
	{"no-space", syscall.ENOSPC},
	{"no-space-quota", syscall.EDQUOT},
	{"locked", ondisk.ErrLocked},
	{"busy", ErrBusy},
	{"bad-spec", ErrBadSpec},
	{"path-too-long", qemu.ErrPathTooLong},
	{"permission", fs.ErrPermission},
}

// remoteError is an error as it travels. It matches the error of its code.
type remoteError struct {
	Code    string         `json:"code,omitempty"`
	Message string         `json:"message"`
	Holder  *ondisk.Holder `json:"holder,omitempty"` // with code "locked"
}

func (e *remoteError) Error() string { return e.Message }

// Unwrap returns the error that the code stands for; a lock's holder survives.
func (e *remoteError) Unwrap() error {
	if e.Code == "locked" && e.Holder != nil {
		return &ondisk.Busy{Holder: *e.Holder}
	}
	for _, c := range codes {
		if c.code == e.Code {
			return c.is
		}
	}
	return nil
}

func toRemote(err error) *remoteError {
	e := &remoteError{Message: err.Error()}
	for _, c := range codes {
		if errors.Is(err, c.is) {
			e.Code = c.code
			break
		}
	}
	var busy *ondisk.Busy
	if errors.As(err, &busy) {
		e.Holder = &busy.Holder
	}
	return e
}
