package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"vmterminal/app/job"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
)

// imageFiller fills in a lazy disk from an image.
type imageFiller struct {
	image  *os.File
	disk   string
	marker lazydisk.Marker
}

func openImageFiller(disk string, folder lazydisk.Folder, m lazydisk.Marker) (*imageFiller, error) {
	if m.Kind != lazydisk.QCOW2 && m.Kind != lazydisk.Raw {
		return nil, fmt.Errorf("%w: its source is of the unknown kind %q", lazydisk.ErrDamaged, string(m.Kind))
	}
	if err := folder.Check(); err != nil {
		return nil, err
	}
	f, err := os.Open(folder.Source())
	if err != nil {
		return nil, err
	}
	return &imageFiller{f, disk, m}, nil
}

func (f *imageFiller) Close() error { return f.image.Close() }

// Fill implements filler. The error wraps image.ErrDamaged if the image was changed after it was
// added to the cache.
func (f *imageFiller) Fill(ctx context.Context, p snapshot.Progress) error {
	digest, err := cache.Digest(ctx, f.image, p)
	if err != nil {
		return err
	}
	if digest != f.marker.Digest {
		return fmt.Errorf("%w: it was changed after it was downloaded", image.ErrDamaged)
	}
	disk, err := lazydisk.Open(f.disk, f.marker)
	if err != nil {
		return err
	}
	defer func() { _ = disk.Close() }() // synced below
	room := func(bytes int64) error { return snapshot.CheckRoom(f.disk, bytes) }
	if err := image.Fill(ctx, disk, f.image, f.marker.Size, image.Options{Room: room, Progress: p}); err != nil {
		return err
	}
	p.Phase(snapshot.PhaseFlush, 0)
	return durable.SyncFile(disk)
}

// errCannotBeLazy means that the disk of a new VM must be written before it can be used.
var errCannotBeLazy = errors.New("the image cannot be used in place")

// createLazyFromImage creates a VM whose disk is filled in from a cached image while the VM runs.
// It returns errCannotBeLazy if the image is not cached, must be decompressed first, or if a
// complete disk takes no longer, because it can share the blocks of a cached one.
func (s *Service) createLazyFromImage(ctx context.Context, v vm.VM, n NewVM, m job.Meter) error {
	name := n.Image
	if n.Found != nil {
		cached, err := s.pullImage(ctx, *n.Found, m)
		if err != nil {
			return err
		}
		name = cached.Name
	}
	from, cached, info, err := s.imageStore(m).OpenSource(name)
	if errors.Is(err, cache.ErrNotFound) || err == nil && from == nil {
		return errCannotBeLazy
	}
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // read-only
	opt := image.Options{MaxSize: int64(n.DiskSizeMB) << 20, Progress: m, Force: n.Force || cached.Forced}
	return s.vms.Create(v, func(dir home.VMDir) error {
		next, err := durable.NewReplacement(dir.Disk())
		if err != nil {
			return err
		}
		defer next.Discard()
		if shares, err := image.CanShare(next.File, from); err != nil || shares {
			return errors.Join(err, errCannotBeLazy)
		}
		marker := lazydisk.Marker{
			ID: rand.Text(), Size: max(info.DiskSize, int64(v.DiskSizeMB)<<20),
			Kind: lazydisk.Kind(info.Format), Name: v.Image, Digest: cached.Digest,
		}
		err = lazydisk.Dir(dir.Filling()).Folder(marker).Create(from.Name(), func(path string) error { return createOverlay(path, marker.Size) })
		if errors.Is(err, lazydisk.ErrCannotLink) {
			return errCannotBeLazy
		}
		if err == nil {
			err = lazydisk.Write(next.File, marker)
		}
		if err == nil { // the boot mode depends on it
			err = image.WriteHead(ctx, next.File, from, info, opt)
		}
		if err != nil {
			return err
		}
		return next.Commit()
	})
}
