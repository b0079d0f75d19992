package app

import (
	"context"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
)

// CloneVM begins to make a new VM of what another's disk holds now, as a job; its
// Result is the VM. The other one may run: then its disk is copied as of one
// moment, as for a snapshot. The new one has an identity of its own, the other's
// settings where n leaves them open, and none of its snapshots.
func (s *Service) CloneVM(_ context.Context, name string, n NewVM) (*Job, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, failed(err, "", "clone %s", called(name))
	}
	doing := phrase("clone VM '%s' as '%s'", e.Name, Plain(n.Name))
	v := likeVM(e.VM, n)
	size, _ := sizes(s.vms.Dir(e.Name).Disk())
	v.DiskSizeMB = vm.DiskSizeMB(size)
	if err = e.Broken; err == nil {
		err = v.Check()
	}
	if err != nil {
		return nil, failed(err, "Nothing was created.", "%s", doing)
	}
	return s.jobs.run(JobClone, v.Name, e.Name, func(ctx context.Context, m Meter) (any, error) {
		err := s.vms.Create(v, func(dir ondisk.VMDir) error { return s.copyDisk(ctx, e, "cloning the VM", dir, m) })
		if err != nil {
			return nil, failed(err, "Nothing was created.", "%s", doing)
		}
		return s.VM(ctx, v.Name)
	}), nil
}

// likeVM is a new VM with another's settings, where n leaves them open.
func likeVM(other vm.VM, n NewVM) vm.VM {
	v := vm.Defaults(n.Name)
	v.Image, v.Boot, v.Seeded, v.Accel, v.DiskSizeMB = other.Image, other.Boot, other.Seeded, other.Accel, other.DiskSizeMB
	v.CPUs = orDefault(n.CPUs, other.CPUs)
	v.MemoryMB = orDefault(n.MemoryMB, other.MemoryMB)
	v.Network.Isolated = other.Network.Isolated // but a port leads to one VM only, and what is shared was shared with the other
	return v
}

func (s *Service) copyDisk(ctx context.Context, from vm.Entry, doing string, to ondisk.VMDir, m Meter) error {
	job, err := s.holdJob(ctx, from.Name, doing)
	if err != nil {
		return err
	}
	defer job.release()
	disk, err := s.source(job, from, doing)
	if err != nil {
		return err
	}
	defer disk.done()
	if err := snapshot.Open(s.vms.Dir(from.Name)).CopyFirmware(to.Firmware()); err != nil {
		return err
	}
	return snapshot.CopyDisk(job, disk.source, to.Disk(), m)
}
