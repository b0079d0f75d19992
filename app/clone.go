package app

import (
	"context"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// CloneSnapshot starts a job that creates a VM from a snapshot. The new VM has its own
// identity. Zero values in n are replaced by the settings of the snapshot's VM.
func (s *Service) CloneSnapshot(ctx context.Context, vmName, name string, n NewVM) (*job.Job[VM], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotClone, VM: vmName, Snapshot: name})
	}
	op := problem.Operation{Code: problem.OpSnapshotClone, VM: e.Name, Snapshot: name, Name: n.Name}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCreated)
	}
	v := newVMLike(e.VM, n)
	if info.DiskSize > 0 { // unknown for a foreign file that was never read
		v.DiskSizeMB = vm.DiskSizeMB(info.DiskSize)
	}
	if err := v.Check(); err != nil {
		return nil, wrapFailure(err, op, problem.NothingCreated)
	}
	return runJob(s, job.Clone, job.Subject{VM: v.Name, Name: info.Name}, func(ctx context.Context, m job.Meter) (VM, error) {
		err := s.vms.Create(v, func(dir home.VMDir) error {
			if err := store.ExtractFirmware(ctx, info.Name, dir.Firmware()); err != nil {
				return err
			}
			_, err := store.Extract(ctx, info.Name, dir.Disk(), m)
			if err == nil && info.ID != "" {
				origin{Source: sourceRef{e.ID, info.ID, info.Digest}}.write(dir)
			}
			return err
		})
		if err != nil {
			return VM{}, wrapFailure(err, op, problem.NothingCreated)
		}
		return s.VM(ctx, v.Name)
	}), nil
}
