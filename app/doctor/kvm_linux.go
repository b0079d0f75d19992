package doctor

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"vmterminal/vm/qemu"
)

// cpu holds what /proc/cpuinfo reports about virtualization.
type cpu struct {
	intel, amd bool // the processor has this vendor's virtualization extensions
	inGuest    bool // this computer is a VM itself
}

// accelFixes returns the fix that most likely makes the hardware accelerator work; reason says
// why it does not.
func accelFixes(reason qemu.Reason) []Fix {
	info, _ := os.ReadFile("/proc/cpuinfo") // without flags, kvmFix returns the general advice
	return []Fix{kvmFix(reason, parseCPU(info))}
}

func kvmFix(reason qemu.Reason, c cpu) Fix {
	switch {
	case reason == qemu.ReasonNoPermission:
		return Fix{Action: JoinGroup, Name: groupOf("/dev/kvm", "kvm"), User: currentUser()}
	case reason == qemu.ReasonGuestsFail && c.inGuest:
		return Fix{Action: RepairNested}
	case reason == qemu.ReasonGuestsFail:
		return Fix{Action: ReadKernelLog}
	case c.intel:
		return Fix{Action: LoadModule, Name: "kvm_intel"}
	case c.amd:
		return Fix{Action: LoadModule, Name: "kvm_amd"}
	case c.inGuest:
		return Fix{Action: EnableNested}
	default:
		return Fix{Action: EnableVirtualization}
	}
}

// parseCPU parses the contents of /proc/cpuinfo.
func parseCPU(info []byte) cpu {
	for line := range bytes.Lines(info) {
		key, value, _ := strings.Cut(string(line), ":")
		if strings.TrimSpace(key) == "flags" {
			flags := strings.Fields(value)
			return cpu{
				intel: slices.Contains(flags, "vmx"), amd: slices.Contains(flags, "svm"),
				inGuest: slices.Contains(flags, "hypervisor"),
			}
		}
	}
	return cpu{}
}
