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

	"vmterminal/app/ondisk"
	"vmterminal/vm/image"
	"vmterminal/vm/image/catalogue"
	"vmterminal/vm/image/fetch"
)

// maxImage is the largest file that is taken for an image, in bytes.
const maxImage = 1 << 40

// Download makes sure that an image of the catalogue is kept as it is offered, and
// returns it. One that is there already is not downloaded again, also if another
// process has just done that. An older version goes once the new one is there.
// What has come when ctx ends is kept, to go on with; a file that is not what it
// should be goes.
func (s *Store) Download(ctx context.Context, offer catalogue.Offer, p Progress) (Image, error) {
	m := Image{
		Name: Name(offer.Distro, offer.Release), Version: offer.Version, Source: offer.Address,
		Sum: offer.Sum, Size: offer.Size, Verified: offer.Verified,
	}
	return s.add(ctx, m, func(ctx context.Context, dir ondisk.ImageDir, old *Image) (bool, error) {
		if old != nil && old.Broken == nil && old.Sum == offer.Sum && offer.Sum.Hex != "" {
			return false, nil
		}
		err := s.download(ctx, dir, m.Source, m.Size, p)
		if err == nil {
			err = checkSignature(dir, offer)
		}
		return true, err
	}, p)
}

// checkSignature compares what has come with the signature that it was offered with;
// what is not signed so goes.
func checkSignature(dir ondisk.ImageDir, offer catalogue.Offer) error {
	f, err := os.Open(dir.Part())
	if err != nil {
		return err
	}
	defer f.Close()
	err = offer.CheckSignature(f)
	if errors.Is(err, catalogue.ErrSignature) {
		forget(dir)
	}
	return err
}

// Import adds an image from a file, or an address, under a name of its own.
func (s *Store) Import(ctx context.Context, name, from string, p Progress) (Image, error) {
	m := Image{Name: name, Source: fetch.Shown(from), Verified: catalogue.ByNothing}
	return s.add(ctx, m, func(ctx context.Context, dir ondisk.ImageDir, old *Image) (bool, error) {
		if old != nil && old.Broken != nil && !errors.Is(old.Broken, ErrBroken) {
			return false, old.Broken // whether there is one cannot be told
		}
		if old != nil {
			return false, fmt.Errorf("%w: '%s'", ErrExists, old.Name)
		}
		if fetch.IsAddress(from) {
			return true, s.download(ctx, dir, from, m.Size, p)
		}
		return true, s.copyFile(ctx, dir, from, p)
	}, p)
}

// add takes the image's lock, has get bring its file to dir.Part(), if that says it
// is needed, and makes that the image.
func (s *Store) add(ctx context.Context, m Image, get func(context.Context, ondisk.ImageDir, *Image) (bool, error), p Progress) (Image, error) {
	if err := CheckName(m.Name); err != nil {
		return Image{}, err
	}
	dir := s.dir(m.Name)
	if err := ondisk.MakeDir(string(dir)); err != nil {
		return Image{}, err
	}
	held, err := s.hold(ctx, dir, "getting the image '"+m.Name+"'")
	if err != nil {
		return Image{}, err
	}
	defer held.release()
	s.tidy()
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

func (s *Store) download(ctx context.Context, dir ondisk.ImageDir, address string, size int64, p Progress) error {
	err := s.Client.File(ctx, address, dir.Part(), dir.PartState(), fetch.Options{
		Size: size, Limit: maxImage, Room: s.room(dir), Progress: p,
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // whatever the end of it looked like
	}
	return err
}

func (s *Store) copyFile(ctx context.Context, dir ondisk.ImageDir, from string, p Progress) error {
	if info, err := os.Stat(from); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is no file", image.ErrNotImage) // to open it might never end
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if _, err := image.Look(source); err != nil { // before all of it is copied
		return err
	}
	forget(dir)
	part, err := os.OpenFile(dir.Part(), os.O_RDWR|os.O_CREATE|os.O_EXCL, ondisk.FileMode)
	if err != nil {
		return err
	}
	defer part.Close()
	if err := image.Copy(ctx, part, source, image.Options{Room: s.room(dir), Progress: p}); err != nil {
		forget(dir)
		return err
	}
	return ondisk.SyncFile(part)
}

// publish makes the file in dir.Part() the image, if it is what it should be; a
// file that is not goes.
func (s *Store) publish(ctx context.Context, dir ondisk.ImageDir, m Image, p Progress) (Image, error) {
	var err error
	if m, err = checked(ctx, dir.Part(), m, p); err != nil {
		if ctx.Err() == nil {
			forget(dir)
		}
		return Image{}, err
	}
	m.Added = time.Now().UTC()
	if err := os.Rename(dir.Part(), dir.File(m.Digest)); err != nil {
		return Image{}, err
	}
	err = ondisk.SyncDir(string(dir))
	if err == nil {
		err = ondisk.ReplaceJSON(dir.Row(), m)
	}
	if err != nil {
		if !errors.Is(err, ondisk.ErrNotDurable) { // or else a power cut might bring the row before back
			settle(dir)
		}
		return Image{}, err
	}
	sweep(dir, m.Digest)
	return m, nil
}

// checked looks whether a file is the image that it should be, and an image at all,
// and adds what it finds.
func checked(ctx context.Context, path string, m Image, p Progress) (Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	digest, sum, size, err := digests(ctx, f, m.Sum, p)
	if err != nil {
		return m, err
	}
	if m.Sum.Hex != "" && sum != m.Sum.Hex {
		return m, fmt.Errorf("%w: %s is told of %s, and %s came", ErrChecksum, m.Sum.Hex, m.Source, sum)
	}
	m.Digest, m.Size = digest, size
	if _, err = image.Look(f); err == nil && m.Verified == catalogue.ByNothing {
		err = image.CheckPacked(ctx, f, p)
	}
	return m, err
}

// digests reads a file, and returns its SHA-256 and the sum of the other algorithm.
func digests(ctx context.Context, f *os.File, like catalogue.Sum, p Progress) (digest, sum string, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return "", "", 0, err
	}
	p.Phase(image.PhaseCheck, info.Size())
	ours, theirs := sha256.New(), like.New()
	to := io.Writer(ours)
	if theirs != nil {
		to = io.MultiWriter(ours, theirs)
	}
	for size < info.Size() {
		n, err := io.Copy(to, io.NewSectionReader(f, size, 16<<20))
		p.Add(n)
		size += n
		if err := errors.Join(err, ctx.Err()); err != nil || n == 0 {
			return "", "", size, err
		}
	}
	digest = hex.EncodeToString(ours.Sum(nil))
	if theirs != nil {
		sum = hex.EncodeToString(theirs.Sum(nil))
	}
	return digest, sum, size, nil
}
