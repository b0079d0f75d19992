package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/image/catalog"
)

// Open opens an image's file after verifying that it has not changed since it was added. The
// caller must close it. The image may be removed while the file is open.
func (s *Store) Open(ctx context.Context, name string, p Progress) (*os.File, Image, error) {
	m, err := s.Get(name)
	if err == nil {
		err = m.Broken
	}
	if err != nil {
		return nil, m, err
	}
	f, err := os.Open(s.dir(m.Name).File(m.Digest))
	if err != nil {
		return nil, m, err
	}
	digest, _, _, err := computeDigests(ctx, f, catalog.Sum{}, p)
	if err == nil && digest != m.Digest {
		err = changedError(m)
	}
	if err != nil {
		f.Close()
		return nil, m, err
	}
	return f, m, nil
}

func changedError(m Image) error {
	return fmt.Errorf("%w: the file of '%s' was changed after it was added", ErrBroken, m.Name)
}

// Remove removes an image, with all that was created from it, or an interrupted download, and
// returns the size of the removed image or download in bytes.
func (s *Store) Remove(name string) (freed int64, err error) {
	m, err := s.Get(name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	dir := s.dir(name)
	part, isPart := readPart(dir)
	if err != nil && !isPart {
		return 0, err
	}
	isStored := err == nil
	interrupt, start := interruptBase(dir), time.Now()
	lock, err := durable.AwaitLock(context.Background(), dir.Lock(), durable.Activity{Code: ActivityRemove}, func(busy error, _ bool) bool {
		return interrupt(busy) && time.Since(start) < interruptTimeout
	})
	if err != nil {
		return 0, fmt.Errorf("image '%s' is busy: %w", name, err)
	}
	defer lock.Close()
	if isStored {
		if err := os.Remove(dir.Row()); err != nil {
			return 0, err
		}
	}
	sweepImage(dir, "")
	s.sweepUnlocked()
	return m.Size + part.Received, durable.SyncDir(string(dir))
}

// newestRecord records the newest version ever offered.
type newestRecord struct {
	Version string `json:"version"`
}

// OfferWarning is a reason to doubt an offer. The zero value means no warning.
type OfferWarning struct {
	// Earlier is the newest version that was offered before, if it is newer than the offer.
	Earlier string
	// Unchecked is the reason why the offer could not be compared with earlier ones, or nil.
	Unchecked error
}

// RecordOffer records which version a project offers, and compares it with earlier offers.
func (s *Store) RecordOffer(offer catalog.Offer) (OfferWarning, error) {
	dir := s.dir(Name(offer.Distro, offer.Release))
	if err := durable.MakeDir(string(dir)); err != nil {
		return OfferWarning{}, err
	}
	lock, err := durable.LockFile(dir.Newest())
	if err != nil {
		return OfferWarning{}, err
	}
	defer lock.Close()
	var seen newestRecord
	text, err := os.ReadFile(dir.Newest())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return OfferWarning{}, err
	}
	if err == nil {
		if err := durable.ParseJSON(dir.Newest(), text, &seen); err != nil {
			return OfferWarning{Unchecked: err}, nil
		}
	}
	if catalog.Older(offer.Version, seen.Version) {
		return OfferWarning{Earlier: seen.Version}, nil
	}
	if seen.Version == offer.Version {
		return OfferWarning{}, nil
	}
	return OfferWarning{}, durable.UpdateJSON(dir.Newest(), newestRecord{offer.Version})
}
