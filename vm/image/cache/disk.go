package cache

import (
	"context"
	"errors"
	"os"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/catalog"
)

// WriteDisk writes the disk of an image to an empty file that is open for reading and
// writing, like image.Write. If files can share blocks, the disk is cached too, and later
// disks share its blocks, which takes no time and no space. After an error the contents of
// disk are undefined.
func (s *Store) WriteDisk(ctx context.Context, name string, disk *os.File, opt image.Options) (size int64, err error) {
	m, err := s.Get(name)
	if err == nil {
		err = m.Broken
	}
	if err != nil {
		return 0, err
	}
	opt.Force = opt.Force || m.Forced
	from, err := os.Open(s.dir(m.Name).File(m.Digest))
	if err != nil {
		return 0, err
	}
	defer from.Close()
	info, err := image.Inspect(from)
	if err != nil {
		return 0, err
	}
	if info.Compression == image.Plain && info.Format == image.Raw {
		return copyRaw(ctx, m, disk, from, info, opt)
	}
	shares, err := image.CanShare(disk, from)
	if err != nil {
		return 0, err
	}
	if shares {
		return s.cloneOrCacheDisk(ctx, m, disk, opt)
	}
	checked, _, err := s.Open(ctx, name, opt.Progress)
	if err != nil {
		return 0, err
	}
	defer checked.Close()
	return image.Write(ctx, disk, checked, opt)
}

// copyRaw copies or clones the file of a raw image. It verifies the copy, because the file
// could change between verifying and copying.
func copyRaw(ctx context.Context, m Image, disk, from *os.File, info image.Info, opt image.Options) (int64, error) {
	if err := opt.CheckSize(info.DiskSize); err != nil {
		return 0, err
	}
	whole := opt
	whole.MaxSize = 0 // the file may be larger than the disk by the footer of a VHD
	if err := image.Copy(ctx, disk, from, whole); err != nil {
		return 0, err
	}
	checked := disk
	if !guard.On(guard.ClonedImage) {
		checked = from
	}
	digest, _, _, err := computeDigests(ctx, checked, catalog.Sum{}, opt.Progress)
	if err == nil && digest != m.Digest {
		err = changedError(m)
	}
	if err != nil {
		return 0, err
	}
	if info, err = image.Inspect(disk); err != nil {
		return 0, err
	}
	if err := disk.Truncate(info.DiskSize); err != nil {
		return 0, err
	}
	return info.DiskSize, image.CheckDisk(disk, info.DiskSize, opt)
}

// cloneOrCacheDisk clones an image's cached disk. If it is missing or damaged, cloneOrCacheDisk
// writes the disk from the image and caches a clone of it, under the image's lock.
func (s *Store) cloneOrCacheDisk(ctx context.Context, m Image, disk *os.File, opt image.Options) (int64, error) {
	dir := s.dir(m.Name)
	if size, found, err := cloneDisk(ctx, dir, m.Digest, disk, opt); found || err != nil {
		return size, err
	}
	held, err := s.lock(ctx, dir, durable.Activity{Code: ActivityDisk, Name: m.Name})
	if err != nil {
		return 0, err
	}
	defer held.release()
	if size, found, err := cloneDisk(held, dir, m.Digest, disk, opt); found || err != nil {
		return size, err
	}
	from, m, err := s.Open(held, m.Name, opt.Progress)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	sweepFiles(dir, m.Digest)
	sweepDisks(dir, "")
	size, err := image.Write(held, disk, from, opt)
	if err != nil {
		return 0, err
	}
	return size, cacheDisk(held, dir, m.Digest, disk, opt)
}

// cloneDisk clones the cached disk of the image whose digest is imageDigest. Like copyRaw, it verifies
// the clone. found reports whether there is a cached disk with the contents that its name
// states; if not, disk is empty again.
func cloneDisk(ctx context.Context, dir home.ImageDir, imageDigest string, disk *os.File, opt image.Options) (size int64, found bool, err error) {
	path := findDisk(dir, imageDigest)
	cached, err := os.Open(path)
	if err != nil { // missing, or being removed
		return 0, false, nil //nolint:nilerr // see above
	}
	defer cached.Close()
	checked := disk
	err = image.Copy(ctx, disk, cached, opt)
	if errors.Is(err, image.ErrTooLarge) || !guard.On(guard.ClonedImage) {
		checked = cached // nothing was cloned, so verify the cached disk
	}
	if err == nil || errors.Is(err, image.ErrTooLarge) {
		digest, failed := image.Digest(ctx, checked, opt.Progress)
		if failed == nil && path == dir.Disk(imageDigest, digest) {
			st, failed := checked.Stat()
			if failed != nil {
				return 0, true, failed
			}
			return st.Size(), true, err
		}
	}
	return 0, false, errors.Join(ctx.Err(), disk.Truncate(0))
}

// cacheDisk caches a clone of disk, which was created from the image whose digest is imageDigest. The
// caller must hold the image's lock. The clone is renamed last, to a name with its own
// digest.
func cacheDisk(ctx context.Context, dir home.ImageDir, imageDigest string, disk *os.File, opt image.Options) error {
	digest, err := image.Digest(ctx, disk, opt.Progress)
	if err != nil {
		return err
	}
	temp := durable.TempName(dir.File(imageDigest))
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, durable.FileMode)
	if err != nil {
		return err
	}
	defer f.Close()
	err = image.Copy(ctx, f, disk, opt)
	if err == nil {
		err = durable.SyncFile(f)
	}
	if err == nil {
		err = os.Rename(temp, dir.Disk(imageDigest, digest))
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	// If a power cut loses the new name, the disk is just cached again.
	_ = durable.SyncDir(string(dir))
	return nil
}

// sweepDisks removes all cached disks except the disk of the image whose digest is keep.
func sweepDisks(dir home.ImageDir, keep string) {
	visitDisks(dir, func(path, of, _ string) {
		if of != keep {
			os.Remove(path)
		}
	})
}

// findDisk returns the path of the cached disk of the image with the given digest, or "".
func findDisk(dir home.ImageDir, digest string) (found string) {
	visitDisks(dir, func(path, of, _ string) {
		if of == digest {
			found = path
		}
	})
	return found
}

// visitDisks calls visit for each cached disk in a folder, with the digests of its image and of
// its own contents.
func visitDisks(dir home.ImageDir, visit func(path, imageDigest, digest string)) {
	entries, _ := os.ReadDir(string(dir)) // no folder, no disks
	for _, e := range entries {
		imageDigest, digest, isDisk := home.ParseImageDisk(e.Name())
		if isDisk && e.Type().IsRegular() {
			visit(dir.Disk(imageDigest, digest), imageDigest, digest)
		}
	}
}
