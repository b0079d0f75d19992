package qemu

import (
	"context"
	"errors"
	"fmt"

	"vmterminal/snapshot/durable"
)

// Names of accelerators. All but Auto are names that QEMU's -accel accepts.
const (
	KVM = "kvm" // Linux
	HVF = "hvf" // macOS
	TCG = "tcg" // emulation, everywhere
	// Auto selects the best accelerator that works.
	Auto = "auto"
)

// ErrNoAccelerator means that the requested accelerator does not work. Probe wraps it
// in an *Unusable.
var ErrNoAccelerator = errors.New("the accelerator does not work on this machine")

// Unusable is the error if a requested accelerator does not work.
type Unusable struct {
	Name   string
	Reason Reason
}

func (u *Unusable) Error() string {
	return fmt.Sprintf("%s was requested: %s", u.Name, hardwareTrouble[u.Reason])
}

func (u *Unusable) Unwrap() error { return ErrNoAccelerator }

// Reason is the reason why Probe selected an accelerator.
type Reason string

// Values of [Reason]; Reasons lists all of them. All but the first two say why the hardware
// accelerator cannot be used.
const (
	ReasonRequested     Reason = "requested"      // emulation was requested
	ReasonWorks         Reason = "works"          // the hardware accelerator runs guests
	ReasonNoDevice      Reason = "no_device"      // /dev/kvm does not exist
	ReasonNoPermission  Reason = "no_permission"  // the user may not open /dev/kvm
	ReasonCannotOpen    Reason = "cannot_open"    // opening /dev/kvm fails for another reason
	ReasonGuestsFail    Reason = "guests_fail"    // the device opens, but guests do not run on it
	ReasonNoHypervisor  Reason = "no_hypervisor"  // this Mac has no hypervisor support
	ReasonUnknownSystem Reason = "unknown_system" // it is not supported on this operating system
	ReasonFailed        Reason = "failed"         // it failed when the VM started; Probe never returns this
)

// Reasons are the reasons that this version knows.
var Reasons = []Reason{
	ReasonRequested, ReasonWorks, ReasonNoDevice, ReasonNoPermission, ReasonCannotOpen, ReasonGuestsFail,
	ReasonNoHypervisor, ReasonUnknownSystem, ReasonFailed,
}

// Accelerator is the accelerator that Probe selected.
type Accelerator struct {
	Name   string // KVM, HVF or TCG
	Reason Reason
}

// hardwareTrouble contains the texts of the reasons in an [Unusable].
var hardwareTrouble = map[Reason]string{
	ReasonNoDevice:      "/dev/kvm does not exist",
	ReasonNoPermission:  "this user may not open /dev/kvm (needs the group kvm)",
	ReasonCannotOpen:    "/dev/kvm cannot be opened",
	ReasonGuestsFail:    hardwareBroken,
	ReasonNoHypervisor:  "this Mac has no hypervisor support",
	ReasonUnknownSystem: "not available on this operating system",
}

// Probe selects an accelerator. want is Auto (or ""), TCG, or the name of this system's
// hardware accelerator; if that does not work, the error is an *Unusable.
//
// A device that can be opened may still be unable to run guests, so Probe starts a tiny guest
// for at most 3 seconds. It stores the result in cacheFile for the current boot and QEMU
// version; a stored failure is ignored if the accelerator was requested by name. If cacheFile
// is "" or cannot be read or written, the test runs each time. If QEMU is not installed, the
// error is ErrNoQEMU.
func Probe(ctx context.Context, cacheFile, want string) (Accelerator, error) {
	switch want {
	case TCG:
		return Accelerator{Name: TCG, Reason: ReasonRequested}, nil
	case "", Auto:
	case hardware:
	default:
		if want != KVM && want != HVF {
			return Accelerator{}, &durable.UnknownNameError{
				Err:  fmt.Errorf("unknown accelerator %q; valid names are %s, %s, %s and %s", want, Auto, KVM, HVF, TCG),
				Name: want, Known: []string{Auto, KVM, HVF, TCG},
			}
		}
		return Accelerator{}, &Unusable{Name: want, Reason: ReasonUnknownSystem}
	}
	trouble, err := tryHardware(ctx, cacheFile, want == hardware)
	switch {
	case err != nil:
		return Accelerator{}, err
	case trouble == "":
		return Accelerator{Name: hardware, Reason: ReasonWorks}, nil
	case want == hardware:
		return Accelerator{}, &Unusable{Name: want, Reason: trouble}
	}
	return Accelerator{Name: TCG, Reason: trouble}, nil
}

// tryHardware returns why the hardware accelerator cannot be used, or "" if it works. If
// retry is true, it ignores a stored failure.
func tryHardware(ctx context.Context, cacheFile string, retry bool) (trouble Reason, err error) {
	binary, version, err := Find()
	if err != nil {
		return "", err
	}
	if trouble := findHardwareTrouble(); trouble != "" {
		return trouble, nil // not stored: cheap to check, and may change before the next boot
	}
	key, err := currentProbeKey(binary, version)
	if err != nil {
		return "", err
	}
	if works, ok := loadResult(cacheFile, key); ok && (works || !retry) {
		return failureReason(!works), nil
	}
	works, err := runProbe(ctx, binary, hardware, probeTimeout)
	if err != nil {
		return "", err
	}
	storeResult(cacheFile, key, works)
	return failureReason(!works), nil
}

func currentProbeKey(binary, version string) (probeKey, error) {
	boot, err := bootID()
	if err != nil {
		return probeKey{}, fmt.Errorf("read the boot ID: %w", err)
	}
	return probeKey{Boot: boot, Binary: binary, Version: version, Accel: hardware}, nil
}

// RecordHardwareFailure records in cacheFile that the hardware accelerator does not work; call it after
// the accelerator failed for a VM. The record expires like a result of Probe. Errors are
// ignored: they only cost another failed attempt.
func RecordHardwareFailure(cacheFile string) {
	binary, version, err := Find()
	if err != nil {
		return
	}
	if key, err := currentProbeKey(binary, version); err == nil {
		storeResult(cacheFile, key, false)
	}
}

func failureReason(broken bool) Reason {
	if broken {
		return ReasonGuestsFail
	}
	return ""
}
