package app

import (
	"context"

	"vmterminal/app/config"
	"vmterminal/app/doctor"
	"vmterminal/snapshot/durable"
)

// Doctor checks this machine and the store; see [doctor.Run].
func (s *Service) Doctor(ctx context.Context) []doctor.Finding {
	return doctor.Run(ctx, doctor.Options{
		Home:         s.opt.Home,
		GuestVersion: s.opt.Guest.Version,
		Window:       s.opt.Window,
		CheckConfig: func() error {
			_, err := config.Read(s.opt.Home.Config())
			return err
		},
		VMs: s.checkedVMs,
	})
}

// checkedVMs returns the VMs in the form that package doctor expects.
func (s *Service) checkedVMs(ctx context.Context) ([]doctor.VM, []string, error) {
	list, notes, err := s.VMs(ctx)
	var vms []doctor.VM
	for _, v := range list {
		checked := doctor.VM{Name: v.Name, UEFI: v.UEFI, Problem: v.Problem}
		switch {
		case v.State == Broken:
			checked.State = doctor.Broken
		case v.State == Lost:
			checked.State = doctor.NotAnswering
		case v.DiskReplaced:
			checked.State = doctor.DiskReplaced
		}
		vms = append(vms, checked)
	}
	return vms, notes, err
}

// MissingFeatures returns the features that the file system of the store lacks; see
// [doctor.MissingFeatures].
func (s *Service) MissingFeatures() []durable.Feature { return doctor.MissingFeatures(s.opt.Home) }
