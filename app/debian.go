package app

import (
	"context"
	"fmt"
	"os"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/debian"
	"vmterminal/vm/home"
)

// CreateDebian starts a job that creates a VM with a Debian disk built from packages. The first
// build of a release takes minutes and needs a mirror. The built disk is cached, so that the
// next VM takes seconds. release is a code name or number; "" selects the host's own release or
// else the newest.
func (s *Service) CreateDebian(_ context.Context, n NewVM, release string) (*job.Job[VM], error) {
	op := problem.Operation{Code: problem.OpVMCreateDebian, VM: n.Name}
	v, release, err := s.newDebian(n, release)
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCreated)
	}
	return runJob(s, job.Create, job.Subject{VM: v.Name, Name: "Debian " + release}, func(ctx context.Context, m job.Meter) (VM, error) {
		if err := s.createDebian(ctx, v, release, m); err != nil {
			return VM{}, wrapFailure(err, op, problem.NothingCreated)
		}
		return s.startCreated(ctx, v.Name, n, m)
	}), nil
}

// newDebian returns the VM to create and the name of the release. It does not download or build
// anything.
func (s *Service) newDebian(n NewVM, requested string) (v vm.VM, release string, err error) {
	if release, err = debian.Release(requested); err != nil {
		return v, "", err
	}
	if v, err = s.applySystemDefaults(n); err != nil {
		return v, "", err
	}
	v.Image, v.Boot = "debian-"+release, vm.BootDisk
	if err := v.Check(); err != nil {
		return v, "", err
	}
	if v.DiskSizeMB < debian.MinSize>>20 || v.DiskSizeMB > debian.MaxSize>>20 {
		return v, "", fmt.Errorf("%d MB is %w for a Debian disk: between %d and %d MB",
			v.DiskSizeMB, vm.ErrBadConfig, debian.MinSize>>20, debian.MaxSize>>20)
	}
	return v, release, s.vms.CheckAvailable(v.Name)
}

func (s *Service) createDebian(ctx context.Context, v vm.VM, release string, m job.Meter) error {
	program, err := s.opt.Guest.Agent()
	if err != nil {
		return err
	}
	image, err := debian.Open(ctx, s.opt.Home.Cache(), release, m)
	if err != nil {
		return err
	}
	defer image.Close()
	source, err := snapshot.OpenDisk(image.Name())
	if err != nil {
		return err
	}
	defer source.Close()
	return s.vms.Create(v, func(dir home.VMDir) error {
		if err := snapshot.CopyDisk(ctx, source, dir.Disk(), m); err != nil {
			return err
		}
		if err := debian.InstallAgent(ctx, dir.Disk(), program); err != nil {
			return err
		}
		return growDiskFile(dir.Disk(), int64(v.DiskSizeMB)<<20)
	})
}

// growDiskFile durably sets the size of a disk.
func growDiskFile(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return durable.SyncFile(f)
}
