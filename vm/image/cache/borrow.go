package cache

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image"
	"vmterminal/vm/image/fetch"
)

// Borrow downloads an image that is not to be kept, and opens it. The file has no
// name any more, so that it goes when the caller closes it. What has come when
// ctx ends is kept, to go on with.
func (s *Store) Borrow(ctx context.Context, address string, p Progress) (*os.File, error) {
	// No image has such a name, and no system of the catalogue.
	dir := s.Home.Image(fmt.Sprintf("address@%.8x", sha256.Sum256([]byte(address))))
	if err := ondisk.MakeDir(string(dir)); err != nil {
		return nil, err
	}
	held, err := s.hold(ctx, dir, "getting an image from "+fetch.Shown(address))
	if err != nil {
		return nil, err
	}
	defer held.release()
	if err := s.download(held, dir, address, 0, p); err != nil {
		return nil, err
	}
	defer forget(dir)
	f, err := os.Open(dir.Part())
	if err != nil {
		return nil, err
	}
	if _, err := image.Look(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
