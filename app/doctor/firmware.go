package doctor

import (
	"slices"

	"vmterminal/vm/qemu"
)

// checkFirmware looks for UEFI firmware. Without it, the status is Blocking only if a VM needs
// it.
func (c *checker) checkFirmware() Finding {
	f := Finding{Subject: SubjectUEFI, Status: OK, Code: UEFIFound}
	found, err := qemu.FindFirmware(0)
	if err == nil {
		f.Args.Path = found.Code
		return f
	}
	f.Status, f.Code = Note, UEFIMissing
	if i := slices.IndexFunc(c.vms, func(v VM) bool { return v.UEFI }); i >= 0 {
		f.Status, f.Code, f.Args.VM = Blocking, UEFINeeded, c.vms[i].Name
	}
	return f.withFixes(Fix{Action: InstallTools, Tools: []Tool{OVMF}})
}
