package qemu

import (
	"os"
	"slices"
	"strings"
	"syscall"
)

// signs are QEMU's words when the accelerator, not the guest, has failed.
var signs = []string{
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

// IsAcceleratorFailure tells from what QEMU said and how it ended (nil while it
// runs or when that is not known) whether another accelerator is worth a try.
// Ask only for a machine that did not run on TCG.
func IsAcceleratorFailure(stderr string, state *os.ProcessState) bool {
	if state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGABRT {
			return true
		}
	}
	return hasSign(stderr)
}

func hasSign(stderr string) bool {
	said := strings.ToLower(stderr)
	return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(said, sign) })
}

// untilSign takes what QEMU says and calls seen at the first sign: QEMU itself
// would live on, without a guest that runs.
type untilSign struct {
	seen func()
	said []byte
}

// maxSaid is how much of it is looked at, in bytes.
const maxSaid = 4 << 10

func (u *untilSign) Write(p []byte) (int, error) {
	u.said = append(u.said, p[:min(len(p), maxSaid-len(u.said))]...)
	if hasSign(string(u.said)) {
		u.seen()
	}
	return len(p), nil
}
