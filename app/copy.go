package app

import (
	"cmp"
	"context"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// CloneVM starts a job that creates a VM from the current disk of another. The other VM may be
// running: its disk is copied as of one point in time, as for a snapshot. The new VM has its
// own identity and no snapshots. Zero values in n are replaced by the settings of the other VM.
func (s *Service) CloneVM(_ context.Context, name string, n NewVM) (*job.Job[VM], error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpVMClone, VM: name})
	}
	op := problem.Operation{Code: problem.OpVMClone, VM: e.Name, Name: n.Name}
	v := newVMLike(e.VM, n)
	size, _, _ := describeDisk(s.vms.Dir(e.Name))
	v.DiskSizeMB = vm.DiskSizeMB(size)
	if err = e.Broken; err == nil {
		err = v.Check()
	}
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCreated)
	}
	return runJob(s, job.Clone, job.Subject{VM: v.Name, Name: e.Name}, func(ctx context.Context, m job.Meter) (VM, error) {
		var notFrozen NotFrozen
		err := s.vms.Create(v, func(dir home.VMDir) (err error) {
			notFrozen, err = s.copyDisk(ctx, e, durable.Activity{Code: string(problem.OpVMClone)}, dir, m)
			return err
		})
		if err != nil {
			return VM{}, wrapFailure(err, op, problem.NothingCreated)
		}
		clone, err := s.startCreated(ctx, v.Name, n, m)
		clone.NotFrozen = notFrozen
		return clone, err
	}), nil
}

// newVMLike returns a new VM with the settings in n. Zero values are replaced by the settings
// of other. Shares are not inherited, nor are forwards, because two VMs cannot use the same
// host port.
func newVMLike(other vm.VM, n NewVM) vm.VM {
	v := vm.Defaults(n.Name)
	v.Image, v.Boot, v.Seeded, v.Accel, v.DiskSizeMB = other.Image, other.Boot, other.Seeded, other.Accel, other.DiskSizeMB
	v.CPUs = cmp.Or(n.CPUs, other.CPUs)
	v.MemoryMB = cmp.Or(n.MemoryMB, other.MemoryMB)
	v.Network.Isolated = other.Network.Isolated
	return v
}

func (s *Service) copyDisk(ctx context.Context, from vm.Entry, activity durable.Activity, to home.VMDir, m job.Meter) (NotFrozen, error) {
	lock, err := s.lockJob(ctx, from.Name, activity)
	if err != nil {
		return "", err
	}
	defer lock.release()
	disk, err := s.openSource(lock, from, activity, m)
	if err != nil {
		return "", err
	}
	defer disk.close()
	if err := snapshot.Open(SnapshotPaths(s.vms.Dir(from.Name))).CopyFirmware(to.Firmware()); err != nil {
		return "", err
	}
	err = snapshot.CopyDisk(lock, disk.source, to.Disk(), m)
	if err != nil {
		return disk.notFrozen, disk.wrapError(ctx, err)
	}
	if source := s.copySource(ctx, from); source.ID != "" {
		origin{Source: source}.write(to)
	}
	return disk.notFrozen, nil
}
