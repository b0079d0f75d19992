package app

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/fetch"
)

// CreateFromImage starts a job that creates a VM whose disk is a copy of the image n.Found or
// n.Image. The disk has the size in n or else the default size, or the image's own size if that
// is larger. The image must contain a boot loader and a kernel.
func (s *Service) CreateFromImage(_ context.Context, n NewVM) (*job.Job[VM], error) {
	label := s.imageLabel(n)
	op := problem.Operation{Code: problem.OpVMCreateImage, VM: n.Name, Image: label}
	v, err := s.applySystemDefaults(n)
	if err == nil {
		v.Image, v.Boot, v.Seeded = label, vm.BootDisk, true
		if n.UEFI {
			v.Boot = vm.BootUEFI
		}
		err = v.Check()
	}
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCreated)
	}
	return runJob(s, job.Create, job.Subject{VM: v.Name, Name: v.Image}, func(ctx context.Context, m job.Meter) (VM, error) {
		err := errCannotBeLazy
		if n.Start {
			err = s.createLazyFromImage(ctx, v, n, m)
		}
		if errors.Is(err, errCannotBeLazy) {
			err = s.createFromImage(ctx, v, n, m)
		}
		if err != nil {
			return VM{}, wrapFailure(err, op, problem.NothingCreated)
		}
		defer s.startImageBase(v.Image) // after the VM, which should not wait for it
		return s.startCreated(ctx, v.Name, n, m)
	}), nil
}

func (s *Service) createFromImage(ctx context.Context, v vm.VM, n NewVM, m job.Meter) error {
	opt := image.Options{MaxSize: int64(n.DiskSizeMB) << 20, Progress: m, Force: n.Force}
	return s.vms.Create(v, func(dir home.VMDir) error {
		opt.Room = func(bytes int64) error { return snapshot.CheckRoom(string(dir), bytes) }
		return vm.FillDisk(func(disk *os.File) error {
			size, err := s.writeDisk(ctx, n, disk, opt, m)
			if err != nil {
				return err
			}
			m.Phase(snapshot.PhaseFlush, 0)
			return disk.Truncate(max(size, int64(v.DiskSizeMB)<<20))
		})(dir)
	})
}

// startCreated starts a new VM if n.Start is set, and returns it. A failed start leaves the VM
// created.
func (s *Service) startCreated(ctx context.Context, name string, n NewVM, m job.Meter) (VM, error) {
	if n.Start {
		if err := s.startAfterChange(ctx, name, m); err != nil {
			return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMStart, VM: name}, problem.VMCreated)
		}
	}
	return s.VM(ctx, name)
}

// maxImageLabel is the maximum length of vm.VM.Image in runes.
const maxImageLabel = 100

// imageLabel returns the value of vm.VM.Image for a VM created from the image in n.
func (s *Service) imageLabel(n NewVM) string {
	if n.Found != nil {
		return n.Found.Name
	}
	if cached, err := s.imageStore(nil).Get(n.Image); err == nil {
		return cached.Name
	}
	name := n.Image
	if u, err := url.Parse(name); err == nil && fetch.IsURL(name) {
		name = u.Path
	}
	label := []rune(Plain(filepath.Base(name)))
	label = label[:min(len(label), maxImageLabel)]
	if string(label) == vm.ImageBuiltin {
		return "file " + vm.ImageBuiltin // not the built-in guest
	}
	return string(label)
}
