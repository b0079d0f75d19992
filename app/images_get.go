package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/vm"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalogue"
	"vmterminal/vm/image/fetch"
	"vmterminal/vm/qemu"
)

// FoundImage is what is offered, or kept, of a system of the catalogue.
type FoundImage struct {
	Name, Version string
	// Note is a line to tell people before it is used; "" if there is none.
	Note string

	offer catalogue.Offer
	kept  bool // and nothing newer can be had now
}

// FindImage finds out what a project offers now of a system; release "" is its
// newest stable one. Without a network it is what is kept here, which the Note
// says, and an error if nothing is.
func (s *Service) FindImage(ctx context.Context, distro, release string) (FoundImage, error) {
	store := s.images(nil)
	offer, err := s.opt.Images.Find(ctx, distro, release)
	if err == nil {
		found := FoundImage{Name: cache.Name(offer.Distro, offer.Release), Version: offer.Version, offer: offer}
		found.Note, err = store.Note(offer)
		if err == nil {
			return found, nil
		}
	}
	if errors.Is(err, fetch.ErrNoNetwork) {
		if found, has := keptOf(store, distro, release); has {
			return found, nil
		}
	}
	return FoundImage{}, failed(err, "", "find an image of %s", Plain(strings.TrimSpace(distro+" "+release)))
}

// keptOf is the newest image of a system that is kept.
func keptOf(store *cache.Store, distro, release string) (FoundImage, bool) {
	list, err := store.List()
	if err != nil {
		return FoundImage{}, false
	}
	list = slices.DeleteFunc(list, func(m cache.Image) bool { return m.Broken != nil || !m.Is(distro, release) })
	if len(list) == 0 {
		return FoundImage{}, false
	}
	m := slices.MaxFunc(list, func(a, b cache.Image) int { return a.Added.Compare(b.Added) })
	return FoundImage{
		Name: m.Name, Version: m.Version, kept: true,
		Note: fmt.Sprintf("There is no connection; %s is used as it was on %s", m.Name, m.Added.Local().Format(time.DateOnly)),
	}, true
}

// PullImage begins to get an image that was found, as a job; its Result is the
// Image. One that is kept as it is offered is not got again.
func (s *Service) PullImage(found FoundImage) *Job {
	return s.jobs.run(JobPull, "", found.Name, func(ctx context.Context, m Meter) (any, error) {
		kept, err := s.pull(ctx, found, m)
		if err != nil {
			return nil, failed(err, "", "get image %s", found.Name)
		}
		return s.image(ctx, kept)
	})
}

func (s *Service) pull(ctx context.Context, found FoundImage, m Meter) (cache.Image, error) {
	store := s.images(m)
	if found.kept {
		return store.Get(found.Name)
	}
	kept, err := store.Download(ctx, found.offer, m)
	return kept, partKept(err)
}

// partKept is the error of a download that was cancelled, by whomever: something is
// left of it.
func partKept(err error) error {
	if errors.Is(err, context.Canceled) {
		return interrupted("cancelled; what has come of the download is kept, and the next one goes on from there")
	}
	return err
}

func (s *Service) image(_ context.Context, m cache.Image) (Image, error) {
	vms, _, err := s.vms.List()
	return asImage(m, vms), err
}

// ImportImage begins to keep an image from a file or an http(s) address under a
// name, as a job; its Result is the Image. Nothing vouches for it.
func (s *Service) ImportImage(_ context.Context, from, name string) (*Job, error) {
	doing := phrase("import image '%s' from %s", Plain(name), Plain(fetch.Shown(from)))
	err := ondisk.CheckName(name)
	if err == nil && (catalogue.Has(name) || ondisk.SameName(name, vm.ImageBuiltin)) {
		err = fmt.Errorf("'%s' is %w for an image: the program has one of that name", name, ondisk.ErrBadName)
	}
	if err != nil {
		return nil, failed(err, "Nothing was added.", "%s", doing)
	}
	return s.jobs.run(JobPull, "", name, func(ctx context.Context, m Meter) (any, error) {
		kept, err := s.importImage(ctx, name, from, m)
		if err != nil {
			return nil, failed(err, "Nothing was added.", "%s", doing)
		}
		return s.image(ctx, kept)
	}), nil
}

func (s *Service) importImage(ctx context.Context, name, from string, m Meter) (cache.Image, error) {
	if fetch.IsAddress(from) {
		kept, err := s.images(m).Import(ctx, name, from, m)
		return kept, partKept(err)
	}
	claim, err := claimImage(from)
	if err != nil {
		return cache.Image{}, err
	}
	defer claim.Close() //nolint:errcheck // it was only held
	return s.images(m).Import(ctx, name, from, m)
}

// errImageChanges says that a file cannot be used as an image: what is read of a disk
// while it changes is no disk that ever was.
var errImageChanges = errors.New("a running VM writes to it")

// claimImage keeps QEMU from changing a file as long as it is read as an image.
func claimImage(path string) (*qemu.Claim, error) {
	claim, err := qemu.ClaimDisk(path)
	if err != nil {
		return nil, errImageChanges
	}
	return claim, nil
}

// writeDisk makes disk, an empty file, the disk of what a VM is to be made of, and
// returns its size.
func (s *Service) writeDisk(ctx context.Context, n NewVM, disk *os.File, opt image.Options, m Meter) (int64, error) {
	store := s.images(m)
	if n.Found != nil {
		kept, err := s.pull(ctx, *n.Found, m)
		if err != nil {
			return 0, err
		}
		return store.WriteDisk(ctx, kept.Name, disk, opt)
	}
	if fetch.IsAddress(n.Image) {
		from, err := store.Borrow(ctx, n.Image, m)
		if err != nil {
			return 0, partKept(err)
		}
		defer from.Close()
		return image.Write(ctx, disk, from, opt)
	}
	if _, err := store.Get(n.Image); err == nil {
		return store.WriteDisk(ctx, n.Image, disk, opt)
	}
	claim, err := claimImage(n.Image)
	if err != nil {
		return 0, err
	}
	defer claim.Close() //nolint:errcheck // it was only held
	from, _, err := diskfile.OpenRegular(n.Image)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	return image.Write(ctx, disk, from, opt)
}
