package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalog"
	"vmterminal/vm/image/fetch"
	"vmterminal/vm/qemu"
)

// FoundImage is a catalog image that is cached or can be downloaded.
type FoundImage struct {
	Name, Version string
	// Note is to be displayed before the image is used.
	Note ImageNote

	offer  catalog.Offer
	cached bool // found in the cache, because there is no network
}

// ImageNote is a note about a FoundImage. The zero value means that there is no note.
type ImageNote struct {
	Code ImageNoteCode
	// Earlier is the newer version that was offered before; set for ImageOutdated.
	Earlier string
	// Added is when the image was cached; set for ImageOffline.
	Added time.Time
	// Detail is the cause in English; set for ImageUnchecked.
	Detail string
}

// ImageNoteCode says what an ImageNote is about.
type ImageNoteCode string

// The codes of notes about images.
const (
	// ImageOffline means that there is no network and a cached image is used.
	ImageOffline ImageNoteCode = "offline"
	// ImageOutdated means that a newer version was offered before. The server may be outdated,
	// or an attacker may be holding back updates.
	ImageOutdated ImageNoteCode = "outdated"
	// ImageUnchecked means that the record of earlier offers cannot be read.
	ImageUnchecked ImageNoteCode = "unchecked"
)

// ImageNoteCodes are the codes of notes that this version uses.
var ImageNoteCodes = []ImageNoteCode{ImageOffline, ImageOutdated, ImageUnchecked}

func offerNote(w cache.OfferWarning) ImageNote {
	switch {
	case w.Unchecked != nil:
		return ImageNote{Code: ImageUnchecked, Detail: Plain(w.Unchecked.Error())}
	case w.Earlier != "":
		return ImageNote{Code: ImageOutdated, Earlier: w.Earlier}
	}
	return ImageNote{}
}

// FindImage looks up the current image of a system. An empty release selects the newest stable
// one. Without a network, FindImage returns a cached image with the note ImageOffline, or an
// error.
func (s *Service) FindImage(ctx context.Context, distro, release string) (FoundImage, error) {
	store := s.imageStore(nil)
	offer, err := s.opt.Images.Find(ctx, distro, release)
	if err == nil {
		found := FoundImage{Name: cache.Name(offer.Distro, offer.Release), Version: offer.Version, offer: offer}
		var warning cache.OfferWarning
		warning, err = store.RecordOffer(offer)
		if err == nil {
			found.Note = offerNote(warning)
			return found, nil
		}
	}
	if errors.Is(err, fetch.ErrNoNetwork) {
		if found, has := newestCached(store, distro, release); has {
			return found, nil
		}
	}
	return FoundImage{}, wrapFailure(err, problem.Operation{Code: problem.OpImageFind, Image: strings.TrimSpace(distro + " " + release)})
}

// newestCached returns the newest cached image of a system.
func newestCached(store *cache.Store, distro, release string) (FoundImage, bool) {
	list, err := store.List()
	if err != nil {
		return FoundImage{}, false
	}
	list = slices.DeleteFunc(list, func(m cache.Image) bool { return m.Broken != nil || !m.IsRelease(distro, release) })
	if len(list) == 0 {
		return FoundImage{}, false
	}
	m := slices.MaxFunc(list, func(a, b cache.Image) int { return a.Added.Compare(b.Added) })
	return FoundImage{
		Name: m.Name, Version: m.Version, cached: true,
		Note: ImageNote{Code: ImageOffline, Added: m.Added},
	}, true
}

// PullImage starts a job that downloads an image. An image that is already cached in the
// offered version is not downloaded again.
func (s *Service) PullImage(found FoundImage) *job.Job[Image] {
	return runJob(s, job.Pull, job.Subject{Name: found.Name}, func(ctx context.Context, m job.Meter) (Image, error) {
		cached, err := s.pullImage(ctx, found, m)
		if err != nil {
			return Image{}, wrapFailure(err, problem.Operation{Code: problem.OpImagePull, Image: found.Name})
		}
		return s.describeImage(ctx, cached)
	})
}

func (s *Service) pullImage(ctx context.Context, found FoundImage, m job.Meter) (cache.Image, error) {
	store := s.imageStore(m)
	if found.cached {
		return store.Get(found.Name)
	}
	cached, err := store.Download(ctx, found.offer, m)
	return cached, wrapCanceledDownload(err)
}

// wrapCanceledDownload marks a canceled download whose received part was kept as interrupted,
// so that runJob does not replace the error with context.Canceled.
func wrapCanceledDownload(err error) error {
	partial := (*fetch.PartKept)(nil)
	if errors.Is(err, context.Canceled) && errors.As(err, &partial) {
		return &fetch.PartKept{Err: job.Interrupted("canceled"), Bytes: partial.Bytes}
	}
	return err
}

func (s *Service) describeImage(_ context.Context, m cache.Image) (Image, error) {
	vms, _, err := s.vms.List()
	return imageFromCache(m, vms), err
}

// ImportImage starts a job that caches an image from a file or an http(s) URL under a name.
// The image is not verified. With force, it may be shorter than its partition table requires.
func (s *Service) ImportImage(_ context.Context, from, name string, force bool) (*job.Job[Image], error) {
	op := problem.Operation{Code: problem.OpImageImport, Image: name, File: fetch.RedactURL(from)}
	err := durable.CheckName(name)
	if err == nil && (catalog.Has(name) || durable.SameName(name, vm.ImageBuiltin)) {
		err = fmt.Errorf("'%s' is %w for an image: it is the name of a built-in or catalog image", name, durable.ErrBadName)
	}
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingAdded)
	}
	return runJob(s, job.Pull, job.Subject{Name: name}, func(ctx context.Context, m job.Meter) (Image, error) {
		cached, err := s.importImage(ctx, name, from, force, m)
		if err != nil {
			return Image{}, wrapFailure(err, op, problem.NothingAdded)
		}
		return s.describeImage(ctx, cached)
	}), nil
}

func (s *Service) importImage(ctx context.Context, name, from string, force bool, m job.Meter) (cache.Image, error) {
	if fetch.IsURL(from) {
		cached, err := s.imageStore(m).Import(ctx, name, from, force, m)
		return cached, wrapCanceledDownload(err)
	}
	claim, err := claimImage(from)
	if err != nil {
		return cache.Image{}, err
	}
	defer claim.Close() //nolint:errcheck // read-only
	return s.imageStore(m).Import(ctx, name, from, force, m)
}

// errImageInUse means that a running VM writes to the image, so that a copy would be
// inconsistent.
var errImageInUse = errors.New("a running VM writes to it")

// claimImage prevents QEMU from changing a file while it is read as an image. It returns
// errImageInUse or a *qemu.DiskAttached if the file is in use.
func claimImage(path string) (*qemu.Claim, error) {
	claim, err := qemu.ClaimDisk(path)
	if errors.Is(err, qemu.ErrDiskInUse) {
		err = errImageInUse
	}
	return claim, err
}

// writeDisk writes the image that a VM is created from to the empty file disk, and returns
// its size.
func (s *Service) writeDisk(ctx context.Context, n NewVM, disk *os.File, opt image.Options, m job.Meter) (int64, error) {
	store := s.imageStore(m)
	if n.Found != nil {
		cached, err := s.pullImage(ctx, *n.Found, m)
		if err != nil {
			return 0, err
		}
		return store.WriteDisk(ctx, cached.Name, disk, opt)
	}
	if fetch.IsURL(n.Image) {
		from, err := store.OpenDownload(ctx, n.Image, m)
		if err != nil {
			return 0, wrapCanceledDownload(err)
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
	defer claim.Close() //nolint:errcheck // read-only
	from, _, err := diskfile.OpenRegular(n.Image)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	return image.Write(ctx, disk, from, opt)
}
