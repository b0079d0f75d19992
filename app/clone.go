package app

import (
	"context"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
)

// CloneSnapshot begins to make a new VM of a snapshot as a job; its Result is
// the VM. The new one has an identity of its own, and the settings of the
// snapshot's VM where n leaves them open.
func (s *Service) CloneSnapshot(ctx context.Context, vmName, name string, n NewVM) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "clone snapshot '%s' of %s", Plain(name), called(vmName))
	}
	doing := phrase("clone snapshot '%s' of VM '%s' as '%s'", Plain(name), e.Name, Plain(n.Name))
	store := snapshot.Open(s.vms.Dir(e.Name))
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, failed(err, "Nothing was created.", "%s", doing)
	}
	v := likeVM(e.VM, n)
	if info.DiskSize > 0 { // not known of a foreign file that was never read
		v.DiskSizeMB = vm.DiskSizeMB(info.DiskSize)
	}
	if err := v.Check(); err != nil {
		return nil, failed(err, "Nothing was created.", "%s", doing)
	}
	return s.jobs.run(JobClone, v.Name, info.Name, func(ctx context.Context, m Meter) (any, error) {
		err := s.vms.Create(v, func(dir ondisk.VMDir) error {
			if err := store.ExtractFirmware(ctx, info.Name, dir.Firmware()); err != nil {
				return err
			}
			_, err := store.Extract(ctx, info.Name, dir.Disk(), m)
			return err
		})
		if err != nil {
			return nil, failed(err, "Nothing was created.", "%s", doing)
		}
		return s.VM(ctx, v.Name)
	}), nil
}
