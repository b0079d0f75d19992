package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/catalog"
	"vmterminal/vm/image/fetch"
)

// maxImage is the maximum size of an image file in bytes.
const maxImage = 1 << 40

// Download adds an image from the catalog, unless the same version is stored already, and
// returns it. It replaces an older version once the new one is complete. If the error is a
// *fetch.PartKept, the next call continues the download; after any other error nothing is
// left behind.
func (s *Store) Download(ctx context.Context, offer catalog.Offer, p Progress) (Image, error) {
	img := Image{
		Name: Name(offer.Distro, offer.Release), Version: offer.Version, Source: offer.Address,
		Sum: offer.Sum, Size: offer.Size, Verified: offer.Verified,
	}
	return s.addImage(ctx, img, func(ctx context.Context, dir home.ImageDir, old *Image) (bool, error) {
		if old != nil && old.Broken == nil && old.Sum == offer.Sum && offer.Sum.Hex != "" {
			return false, nil
		}
		err := s.download(ctx, dir, img.Source, img.Size, p)
		if err == nil {
			err = checkSignature(dir, offer)
		}
		return true, err
	}, p)
}

// checkSignature verifies the downloaded file with the signature in the offer, and removes
// it if the signature does not match.
func checkSignature(dir home.ImageDir, offer catalog.Offer) error {
	f, err := os.Open(dir.Part())
	if err != nil {
		return err
	}
	defer f.Close()
	err = offer.CheckSignature(f)
	if errors.Is(err, catalog.ErrSignature) {
		removePart(dir)
	}
	return err
}

// Import adds an image from a file or a URL under its own name. If force is true, it may be
// cut short; see image.Options.Force.
func (s *Store) Import(ctx context.Context, name, from string, force bool, p Progress) (Image, error) {
	m := Image{Name: name, Source: fetch.RedactURL(from), Verified: catalog.ByNothing, Forced: force}
	return s.addImage(ctx, m, func(ctx context.Context, dir home.ImageDir, old *Image) (bool, error) {
		if old != nil && old.Broken != nil && !errors.Is(old.Broken, ErrBroken) {
			return false, old.Broken // it is unknown whether the image exists
		}
		if old != nil {
			return false, fmt.Errorf("%w: '%s'", ErrExists, old.Name)
		}
		if fetch.IsURL(from) {
			return true, s.download(ctx, dir, from, m.Size, p)
		}
		return true, s.copyFile(ctx, dir, from, p)
	}, p)
}

// addImage locks the image, calls get and publishes the file. get writes the file to dir.Part()
// and reports whether that was needed.
func (s *Store) addImage(ctx context.Context, m Image, get func(context.Context, home.ImageDir, *Image) (bool, error), p Progress) (Image, error) {
	if err := CheckName(m.Name); err != nil {
		return Image{}, err
	}
	dir := s.dir(m.Name)
	if err := durable.MakeDir(string(dir)); err != nil {
		return Image{}, err
	}
	held, err := s.lock(ctx, dir, durable.Activity{Code: ActivityGet, Name: m.Name})
	if err != nil {
		return Image{}, err
	}
	defer held.release()
	s.sweepUnlocked()
	var old *Image
	if kept, err := s.Get(m.Name); err == nil {
		old = &kept
	} else if !errors.Is(err, ErrNotFound) {
		return Image{}, err
	}
	needed, err := get(held, dir, old)
	if err != nil {
		return Image{}, err
	}
	if !needed {
		return *old, nil
	}
	return s.publish(held, dir, m, p)
}

func (s *Store) download(ctx context.Context, dir home.ImageDir, address string, size int64, p Progress) error {
	err := s.Client.Download(ctx, address, dir.Part(), dir.PartState(), fetch.Options{
		Size: size, Limit: maxImage, Room: s.roomCheck(dir), Progress: p,
	})
	if kept := (*fetch.PartKept)(nil); errors.As(err, &kept) && ctx.Err() != nil {
		return &fetch.PartKept{Err: ctx.Err(), Bytes: kept.Bytes} // the cancellation may have caused any other error
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // as above
	}
	return err
}

func (s *Store) copyFile(ctx context.Context, dir home.ImageDir, from string, p Progress) error {
	if info, err := os.Stat(from); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is not a regular file", image.ErrNotImage) // opening it could block forever
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if _, err := image.Inspect(source); err != nil { // before copying it
		return err
	}
	removePart(dir)
	part, err := os.OpenFile(dir.Part(), os.O_RDWR|os.O_CREATE|os.O_EXCL, durable.FileMode)
	if err != nil {
		return err
	}
	defer part.Close()
	if err := image.Copy(ctx, part, source, image.Options{Room: s.roomCheck(dir), Progress: p}); err != nil {
		removePart(dir)
		return err
	}
	return durable.SyncFile(part)
}

// publish verifies the file in dir.Part() and makes it the image, or removes it.
func (s *Store) publish(ctx context.Context, dir home.ImageDir, m Image, p Progress) (Image, error) {
	var err error
	if m, err = verifyFile(ctx, dir.Part(), m, p); err != nil {
		return Image{}, discardPart(ctx, dir, err)
	}
	m.Added = time.Now().UTC()
	if err := os.Rename(dir.Part(), dir.File(m.Digest)); err != nil {
		return Image{}, err
	}
	err = durable.SyncDir(string(dir))
	if err == nil {
		err = durable.ReplaceJSON(dir.Row(), m)
	}
	if err != nil {
		if !errors.Is(err, durable.ErrNotDurable) { // after ErrNotDurable, a power cut could restore the previous row
			removeLeftovers(dir)
		}
		return Image{}, err
	}
	sweepImage(dir, m.Digest)
	return m, nil
}

// discardPart removes a file that cannot become an image because of err. If ctx ended before a
// download was verified, the file is preserved for the next call.
func discardPart(ctx context.Context, dir home.ImageDir, err error) error {
	if part, ok := readPart(dir); ok && ctx.Err() != nil && part.Total > 0 {
		return &fetch.PartKept{Err: ctx.Err(), Bytes: part.Received}
	}
	removePart(dir)
	return err
}

// verifyFile verifies a file against the expected checksum, checks that it is an image, and
// returns m with the file's digest and size.
func verifyFile(ctx context.Context, path string, m Image, p Progress) (Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	digest, sum, size, err := computeDigests(ctx, f, m.Sum, p)
	if err != nil {
		return m, err
	}
	if m.Sum.Hex != "" && sum != m.Sum.Hex {
		return m, fmt.Errorf("%w: expected %s for %s, got %s", ErrChecksum, m.Sum.Hex, m.Source, sum)
	}
	m.Digest, m.Size = digest, size
	if _, err = image.Inspect(f); err == nil && m.Verified == catalog.ByNothing {
		err = image.CheckContent(ctx, f, image.Options{Progress: p, Force: m.Forced})
	}
	return m, err
}

// computeDigests returns a file's SHA-256, its checksum with the algorithm of expected, and its size.
func computeDigests(ctx context.Context, f *os.File, expected catalog.Sum, p Progress) (digest, sum string, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return "", "", 0, err
	}
	p.Phase(image.PhaseCheck, info.Size())
	digestHash, sumHash := sha256.New(), expected.New()
	to := io.Writer(digestHash)
	if sumHash != nil {
		to = io.MultiWriter(digestHash, sumHash)
	}
	for size < info.Size() {
		n, err := io.Copy(to, io.NewSectionReader(f, size, 16<<20))
		p.Add(n)
		size += n
		if err := errors.Join(err, ctx.Err()); err != nil || n == 0 {
			return "", "", size, err
		}
	}
	digest = hex.EncodeToString(digestHash.Sum(nil))
	if sumHash != nil {
		sum = hex.EncodeToString(sumHash.Sum(nil))
	}
	return digest, sum, size, nil
}
