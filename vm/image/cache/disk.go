package cache

import (
	"context"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image"
)

// WriteDisk makes disk, an empty file that is open for reading and writing, the disk
// of the image of that name, as image.Write does. Where the file system lets files
// share their blocks, the disk that the image makes is kept beside it, once, and all
// disks are of its blocks: they take no time and no space. Elsewhere, and of an image
// that is itself that disk, nothing more is kept.
func (s *Store) WriteDisk(ctx context.Context, name string, disk *os.File, opt image.Options) (size int64, err error) {
	m, err := s.Get(name)
	if err == nil {
		err = m.Broken
	}
	if err != nil {
		return 0, err
	}
	worth, err := s.worthKeeping(m, disk)
	if err != nil {
		return 0, err
	}
	if !worth {
		from, _, err := s.Open(ctx, name, opt.Progress)
		if err != nil {
			return 0, err
		}
		defer from.Close()
		return image.Write(ctx, disk, from, opt)
	}
	kept, err := s.keptDisk(ctx, m, opt)
	if err != nil {
		return 0, err
	}
	defer kept.Close()
	st, err := kept.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), image.Copy(ctx, disk, kept, opt)
}

// worthKeeping tells whether an image's disk has to be made of it, and a file beside
// it could share its blocks with disk.
func (s *Store) worthKeeping(m Image, disk *os.File) (bool, error) {
	f, err := os.Open(s.dir(m.Name).File(m.Digest))
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := image.Look(f)
	if err != nil || info.Packing == image.Plain && info.Format == image.Raw {
		return false, err
	}
	return image.CanShare(disk, f)
}

// keptDisk opens the disk that is kept of an image, and makes it if there is none, or
// none that is still as it was. Who wants the same meanwhile waits, and finds it.
func (s *Store) keptDisk(ctx context.Context, m Image, opt image.Options) (*os.File, error) {
	dir := s.dir(m.Name)
	if f, err := soundDisk(ctx, dir, m.Digest, opt.Progress); f != nil || err != nil {
		return f, err
	}
	held, err := s.hold(ctx, dir, "making the disk of the image '"+m.Name+"'")
	if err != nil {
		return nil, err
	}
	defer held.release()
	if f, err := soundDisk(held, dir, m.Digest, opt.Progress); f != nil || err != nil {
		return f, err
	}
	from, m, err := s.Open(held, m.Name, opt.Progress)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	sweepFiles(dir, m.Digest)
	sweepDisks(dir, "")
	return makeDisk(held, dir, m.Digest, from, opt)
}

// soundDisk opens the disk that is kept of the image of that digest, once all of it
// is found to be as its name says; nil if there is none.
func soundDisk(ctx context.Context, dir ondisk.ImageDir, of string, p Progress) (*os.File, error) {
	path := diskOf(dir, of)
	f, err := os.Open(path)
	if err != nil { // there is none, or it is being removed
		return nil, nil //nolint:nilerr // see above
	}
	digest, err := image.Digest(ctx, f, p)
	if err == nil && path == dir.Disk(of, digest) {
		return f, nil
	}
	f.Close()
	return nil, ctx.Err()
}

// makeDisk makes the disk of an image whose file is open, and keeps it. The image's
// lock is held. The name comes last, and says what the file's content has to be.
func makeDisk(ctx context.Context, dir ondisk.ImageDir, of string, from *os.File, opt image.Options) (kept *os.File, err error) {
	temp := ondisk.TempName(dir.File(of))
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, ondisk.FileMode)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temp)
		}
	}()
	if _, err := image.Write(ctx, f, from, opt); err != nil {
		return nil, err
	}
	if err := ondisk.SyncFile(f); err != nil {
		return nil, err
	}
	digest, err := image.Digest(ctx, f, opt.Progress)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(temp, dir.Disk(of, digest)); err != nil {
		return nil, err
	}
	// Without its name after a power cut it is only made again.
	_ = ondisk.SyncDir(string(dir))
	return f, nil
}

// sweepDisks removes the disks that are kept of others than the image of that digest.
func sweepDisks(dir ondisk.ImageDir, keep string) {
	eachDisk(dir, func(path, of, _ string) {
		if of != keep {
			os.Remove(path)
		}
	})
}

// diskOf is the path of the disk that is kept of the image of that digest, "" if
// there is none.
func diskOf(dir ondisk.ImageDir, digest string) (found string) {
	eachDisk(dir, func(path, of, _ string) {
		if of == digest {
			found = path
		}
	})
	return found
}

// eachDisk calls do for each disk that is kept in a folder: of the image of which
// digest, and what its own digest has to be.
func eachDisk(dir ondisk.ImageDir, do func(path, of, digest string)) {
	entries, _ := os.ReadDir(string(dir)) // no folder, no disks
	for _, e := range entries {
		of, digest, isDisk := ondisk.ParseImageDisk(e.Name())
		if isDisk && e.Type().IsRegular() {
			do(dir.Disk(of, digest), of, digest)
		}
	}
}
