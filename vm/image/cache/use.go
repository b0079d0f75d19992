package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image/catalogue"
)

// Open opens an image's file, once all of it is found to be as it was when it was
// added. The caller closes it. It may be removed meanwhile.
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
	digest, _, _, err := digests(ctx, f, catalogue.Sum{}, p)
	if err == nil && digest != m.Digest {
		err = fmt.Errorf("%w: the file of '%s' has changed since it was added", ErrBroken, m.Name)
	}
	if err != nil {
		f.Close()
		return nil, m, err
	}
	return f, m, nil
}

// Remove removes an image, or what there is of a download that was cut off, and
// returns how many bytes its file had.
func (s *Store) Remove(name string) (freed int64, err error) {
	m, err := s.Get(name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	dir := s.dir(name)
	part, isPart := partIn(dir)
	if err != nil && !isPart {
		return 0, err
	}
	isKept := err == nil
	lock, err := ondisk.TryLock(dir.Lock(), "removing the image")
	if err != nil {
		return 0, fmt.Errorf("image '%s' is busy: %w", name, err)
	}
	defer lock.Close()
	if isKept {
		if err := os.Remove(dir.Row()); err != nil {
			return 0, err
		}
	}
	sweep(dir, "")
	s.tidy()
	return m.Size + part.Come, ondisk.SyncDir(string(dir))
}

// newest is the newest version that was ever offered.
type newest struct {
	Version string `json:"version"`
}

// Note remembers which version a project offers, and tells in a line when that is
// older than one that it has offered before; "" when all is well.
func (s *Store) Note(offer catalogue.Offer) (string, error) {
	dir := s.dir(Name(offer.Distro, offer.Release))
	if err := ondisk.MakeDir(string(dir)); err != nil {
		return "", err
	}
	lock, err := ondisk.LockFile(dir.Newest())
	if err != nil {
		return "", err
	}
	defer lock.Close()
	var seen newest
	text, err := os.ReadFile(dir.Newest())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if json.Unmarshal(text, &seen) == nil && catalogue.Older(offer.Version, seen.Version) {
		return fmt.Sprintf("%s is offered in version %s, which is older than %s, offered before: the server may be behind, or somebody holds back updates",
			Name(offer.Distro, offer.Release), offer.Version, seen.Version), nil
	}
	if seen.Version == offer.Version {
		return "", nil
	}
	return "", ondisk.ReplaceJSON(dir.Newest(), newest{offer.Version})
}
