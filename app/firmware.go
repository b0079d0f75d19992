package app

import (
	"vmterminal/vm"
	"vmterminal/vm/qemu"
)

// checkFirmware looks for what VMs with UEFI need. Where there are none, nothing is
// missing.
func (s *Service) checkFirmware() Check {
	c := Check{Name: "UEFI", State: CheckOK}
	found, err := qemu.FindFirmware(0)
	if err == nil {
		c.Found = found.Code
		return c
	}
	c.State, c.Found, c.Mend = CheckNote, err.Error()+": images that only UEFI starts cannot be used", installFirmware()
	list, _, _ := s.vms.List()
	for _, e := range list {
		if e.Boot == vm.BootUEFI {
			c.State, c.Found = CheckMissing, err.Error()+", and VM '"+e.Name+"' needs it"
			break
		}
	}
	return c
}
