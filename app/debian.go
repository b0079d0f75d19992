package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/debian"
)

// CreateDebian begins to make a VM with a disk of Debian, built from packages, as a
// job; its Result is the VM. The first of a release takes minutes and needs a
// mirror; the disk is kept, and the next ones are made of it in seconds. release
// is a code name or number, "" for the host's own or the newest.
func (s *Service) CreateDebian(_ context.Context, n NewVM, release string) (*Job, error) {
	doing := phrase("create VM '%s' with Debian from packages", Plain(n.Name))
	v, release, err := s.newDebian(n, release)
	if err != nil {
		return nil, failed(err, "Nothing was created.", "%s", doing)
	}
	return s.jobs.run(JobCreate, v.Name, "Debian "+release, func(ctx context.Context, m Meter) (any, error) {
		if err := s.createDebian(ctx, v, release, m); err != nil {
			return nil, failed(withInstall(err), "Nothing was created.", "%s", doing)
		}
		return s.VM(ctx, v.Name)
	}), nil
}

// newDebian is the VM to be, and the release's name. Nothing takes long yet.
func (s *Service) newDebian(n NewVM, asked string) (v vm.VM, release string, err error) {
	if release, err = debian.Release(asked); err != nil {
		return v, "", err
	}
	if v, err = s.askedSystem(n); err != nil {
		return v, "", err
	}
	v.Image, v.Boot = "debian-"+release, vm.BootDisk
	if err := v.Check(); err != nil {
		return v, "", err
	}
	if v.DiskSizeMB < debian.MinSize>>20 || v.DiskSizeMB > debian.MaxSize>>20 {
		return v, "", fmt.Errorf("%d MB is %w for the disk of a Debian: between %d and %d MB",
			v.DiskSizeMB, vm.ErrBadConfig, debian.MinSize>>20, debian.MaxSize>>20)
	}
	return v, release, s.vms.Free(v.Name)
}

func (s *Service) createDebian(ctx context.Context, v vm.VM, release string, m Meter) error {
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
	return s.vms.Create(v, func(dir ondisk.VMDir) error {
		if err := snapshot.CopyDisk(ctx, source, dir.Disk(), m); err != nil {
			return err
		}
		if err := debian.InstallAgent(ctx, dir.Disk(), program); err != nil {
			return err
		}
		return lengthen(dir.Disk(), int64(v.DiskSizeMB)<<20)
	})
}

// lengthen makes a disk of that size, durably, and what was written to it too.
func lengthen(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return ondisk.SyncFile(f)
}

// withInstall adds to an error about missing programs the command that installs
// them.
func withInstall(err error) error {
	var missing *debian.Missing
	if !errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%w. Install them: %s", err, installDebianTools(missing))
}

func installDebianTools(missing *debian.Missing) string {
	return asRoot("apt-get install " + strings.Join(missing.Packages, " "))
}

// checkDebian looks at what building Debian from packages needs. Whoever does not
// want that misses nothing.
func checkDebian() Check {
	c := Check{Name: "Debian from packages", State: CheckOK, Found: "can be built here"}
	err := debian.CheckTools()
	var missing *debian.Missing
	switch {
	case errors.As(err, &missing):
		c.State, c.Found, c.Mend = CheckNote, err.Error(), installDebianTools(missing)
	case err != nil:
		c.State, c.Found = CheckNote, err.Error()
	}
	return c
}
