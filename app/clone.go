package app

import (
	"context"
	"errors"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// CloneSnapshot starts a job that creates a VM from a snapshot. The new VM has its own
// identity. Zero values in n are replaced by the settings of the snapshot's VM. If n.Start is
// set, the new VM is started; the error of a failed start leaves the VM created.
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
			err := extractDisk(ctx, store, info.Name, dir, n.Start, m)
			if err == nil && info.ID != "" {
				origin{Source: sourceRef{e.ID, info.ID, info.Digest}}.write(dir)
			}
			return err
		})
		if err != nil {
			return VM{}, wrapFailure(err, op, problem.NothingCreated)
		}
		return s.startCreated(ctx, v.Name, n, m)
	}), nil
}

// extractDisk creates the disk of a new VM from a snapshot. The disk is lazy if that is requested
// and possible.
func extractDisk(ctx context.Context, store *snapshot.Store, name string, dir home.VMDir, lazy bool, m job.Meter) error {
	if lazy {
		err := store.CreateLazyDisk(ctx, name, dir.Disk(), lazydisk.Dir(dir.Filling()), createOverlay, m)
		if !errors.Is(err, snapshot.ErrCannotBeLazy) {
			return err
		}
	}
	_, err := store.Extract(ctx, name, dir.Disk(), m)
	return err
}
