package app

import (
	"context"
	"net/url"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/image"
	"vmterminal/vm/image/fetch"
)

// CreateFromImage begins to make a VM whose disk is a copy of an image, n.Image or
// n.Found, as a job; its Result is the VM. The disk is of the size that n asks for, or of
// the default one, or of the image's own if that is larger. The guest boots by
// itself: the image has a boot loader and a kernel.
func (s *Service) CreateFromImage(_ context.Context, n NewVM) (*Job, error) {
	label := s.imageLabel(n)
	doing := phrase("create VM '%s' from image %s", Plain(n.Name), label)
	v, err := s.askedSystem(n)
	if err == nil {
		v.Image, v.Boot, v.Seeded = label, vm.BootDisk, true
		if n.UEFI {
			v.Boot = vm.BootUEFI
		}
		err = v.Check()
	}
	if err != nil {
		return nil, failed(err, "Nothing was created.", "%s", doing)
	}
	return s.jobs.run(JobCreate, v.Name, v.Image, func(ctx context.Context, m Meter) (any, error) {
		if err := s.createFromImage(ctx, v, n, m); err != nil {
			return nil, failed(err, "Nothing was created.", "%s", doing)
		}
		return s.VM(ctx, v.Name)
	}), nil
}

func (s *Service) createFromImage(ctx context.Context, v vm.VM, n NewVM, m Meter) error {
	opt := image.Options{MaxSize: int64(n.DiskSizeMB) << 20, Progress: m}
	return s.vms.Create(v, func(dir ondisk.VMDir) error {
		opt.Room = func() error { return snapshot.Room(string(dir), 0) }
		return vm.Fill(func(disk *os.File) error {
			size, err := s.writeDisk(ctx, n, disk, opt, m)
			if err != nil {
				return err
			}
			m.Phase(snapshot.PhaseFlush, 0)
			return disk.Truncate(max(size, int64(v.DiskSizeMB)<<20))
		})(dir)
	})
}

// maxImageLabel bounds what is kept of an image's name.
const maxImageLabel = 100

// imageLabel is what a VM keeps of the name of the image that it was made of.
func (s *Service) imageLabel(n NewVM) string {
	if n.Found != nil {
		return n.Found.Name
	}
	if kept, err := s.images(nil).Get(n.Image); err == nil {
		return kept.Name
	}
	name := n.Image
	if u, err := url.Parse(name); err == nil && fetch.IsAddress(name) {
		name = u.Path
	}
	label := []rune(Plain(filepath.Base(name)))
	label = label[:min(len(label), maxImageLabel)]
	if string(label) == vm.ImageBuiltin {
		return "file " + vm.ImageBuiltin // that is not the guest which the program carries
	}
	return string(label)
}
