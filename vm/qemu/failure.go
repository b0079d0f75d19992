package qemu

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
)

// failureSigns contains parts of the messages that QEMU prints if the accelerator fails, in
// lower case.
var failureSigns = []string{
	"failed to initialize kvm",
	"could not access kvm kernel module",
	"failed to initialize hvf",
	"kvm internal error",
	"emulation failure",
	"failed to set msr",
	"kvm: entry failed",
	"kvm run failed",
	"error: failed to run vcpu",
	"hv_error",
	"invalid accelerator",
}

// IsAcceleratorFailure reports whether another accelerator is worth trying, judging by QEMU's
// messages and exit status. state is nil while QEMU runs or if the status is unknown. Call it
// only for a machine that does not use TCG.
func IsAcceleratorFailure(stderr string, state *os.ProcessState) bool {
	if state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGABRT {
			return true
		}
	}
	return hasFailureSign(stderr)
}

// ErrNoMemory means that the host cannot provide the guest's memory.
var ErrNoMemory = errors.New("not enough memory on this machine")

// IsMemoryFailure reports whether QEMU exited because it could not allocate the guest's
// memory, judging by its messages.
func IsMemoryFailure(stderr string) bool {
	return strings.Contains(stderr, "cannot set up guest memory")
}

func hasFailureSign(stderr string) bool {
	lower := strings.ToLower(stderr)
	return slices.ContainsFunc(failureSigns, func(sign string) bool { return strings.Contains(lower, sign) })
}

// failureWatcher is a writer for QEMU's messages that calls onFailure at the first failure sign:
// QEMU itself keeps running, without a working guest.
type failureWatcher struct {
	onFailure func()
	stderr    []byte
}

// maxStderr limits how much of QEMU's messages is examined, in bytes.
const maxStderr = 4 << 10

func (u *failureWatcher) Write(p []byte) (int, error) {
	u.stderr = append(u.stderr, p[:min(len(p), maxStderr-len(u.stderr))]...)
	if hasFailureSign(string(u.stderr)) {
		u.onFailure()
	}
	return len(p), nil
}
