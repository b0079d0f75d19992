package cache

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/image"
	"vmterminal/vm/image/fetch"
)

// OpenDownload downloads an image without storing it, and opens it. The file is unlinked, so
// it disappears when the caller closes it. If the error is a *fetch.PartKept, the next call
// continues the download.
func (s *Store) OpenDownload(ctx context.Context, address string, p Progress) (*os.File, error) {
	// No image has this name: there is no distribution called address.
	dir := s.Home.Image(fmt.Sprintf("address@%.8x", sha256.Sum256([]byte(address))))
	if err := durable.MakeDir(string(dir)); err != nil {
		return nil, err
	}
	held, err := s.lock(ctx, dir, durable.Activity{Code: ActivityDownload, Name: fetch.RedactURL(address)})
	if err != nil {
		return nil, err
	}
	defer held.release()
	if err := s.download(held, dir, address, 0, p); err != nil {
		return nil, err
	}
	defer removePart(dir)
	f, err := os.Open(dir.Part())
	if err != nil {
		return nil, err
	}
	if _, err := image.Inspect(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
