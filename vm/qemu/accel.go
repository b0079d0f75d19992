package qemu

import (
	"context"
	"errors"
	"fmt"

	"vmterminal/app/ondisk"
)

// Names of accelerators, as QEMU's -accel has them.
const (
	KVM = "kvm" // Linux
	HVF = "hvf" // macOS
	TCG = "tcg" // emulation, everywhere
	// Auto asks Probe for the best that works.
	Auto = "auto"
)

// ErrNoAccelerator says that the accelerator that was insisted on does not
// work here. Probe wraps it in an *Unusable.
var ErrNoAccelerator = errors.New("accelerator does not work here")

// Unusable is an accelerator that was insisted on and does not work.
type Unusable struct {
	Name string
	Why  string // "/dev/kvm opens, but guests do not run on it"
}

func (u *Unusable) Error() string {
	return fmt.Sprintf("%s was asked for: %s", u.Name, u.Why)
}

func (u *Unusable) Unwrap() error { return ErrNoAccelerator }

// Accelerator is what runs the guest's instructions.
type Accelerator struct {
	Name string // KVM, HVF or TCG
	Why  string // one short sentence for the user
}

// Probe chooses an accelerator. want is Auto ("" counts as that), TCG, or the
// name of this system's own, which is then the answer or an error (*Unusable,
// ErrNoAccelerator). A device that opens may still run no guest, so a tiny
// guest is started, for at most 3 seconds; what came of it is remembered in
// cacheFile until the next boot or another QEMU; who insists has it tried again if
// it did not work. A cacheFile that cannot be read or written only costs that time
// again. Without QEMU it is ErrNoQEMU.
func Probe(ctx context.Context, cacheFile, want string) (Accelerator, error) {
	switch want {
	case TCG:
		return Accelerator{Name: TCG, Why: "emulation was asked for"}, nil
	case "", Auto:
	case hardware:
	default:
		if want != KVM && want != HVF {
			return Accelerator{}, fmt.Errorf("no accelerator is called %q: there are %s, %s, %s and %s%s", want, Auto, KVM, HVF, TCG,
				ondisk.DidYouMean(want, []string{Auto, KVM, HVF, TCG}))
		}
		return Accelerator{}, &Unusable{Name: want, Why: "this system has none"}
	}
	trouble, err := tryHardware(ctx, cacheFile, want == hardware)
	switch {
	case err != nil:
		return Accelerator{}, err
	case trouble == "":
		return Accelerator{Name: hardware, Why: hardware + " runs guests here"}, nil
	case want == hardware:
		return Accelerator{}, &Unusable{Name: want, Why: trouble}
	}
	return Accelerator{Name: TCG, Why: trouble + "; using emulation"}, nil
}

// tryHardware tells in a few words why the hardware's accelerator is of no use,
// or "" when it works. With again a remembered "no" does not count.
func tryHardware(ctx context.Context, cacheFile string, again bool) (trouble string, err error) {
	binary, version, err := Find()
	if err != nil {
		return "", err
	}
	if trouble := lookAtHardware(); trouble != "" {
		return trouble, nil // quick to see, and may change before the next boot
	}
	key, err := keyOf(binary, version)
	if err != nil {
		return "", err
	}
	if works, ok := recall(cacheFile, key); ok && (works || !again) {
		return troubleIf(!works), nil
	}
	works, err := runProbe(ctx, binary, hardware)
	if err != nil {
		return "", err
	}
	remember(cacheFile, key, works)
	return troubleIf(!works), nil
}

func keyOf(binary, version string) (probeKey, error) {
	boot, err := bootID()
	if err != nil {
		return probeKey{}, fmt.Errorf("which boot this is: %w", err)
	}
	return probeKey{Boot: boot, Binary: binary, Version: version, Accel: hardware}, nil
}

// Distrust has Probe remember in cacheFile that the hardware's accelerator does
// not work, as one that it had chosen has failed a VM. It is remembered for as
// long as Probe's own answers; that it cannot be only costs another failure.
func Distrust(cacheFile string) {
	binary, version, err := Find()
	if err != nil {
		return
	}
	if key, err := keyOf(binary, version); err == nil {
		remember(cacheFile, key, false)
	}
}

func troubleIf(broken bool) string {
	if broken {
		return hardwareBroken
	}
	return ""
}
