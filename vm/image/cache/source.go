package cache

import (
	"context"
	"os"

	"vmterminal/vm/image"
	"vmterminal/vm/image/catalog"
)

// OpenSource opens the file of an image from which a lazy disk can be filled in, with its path.
// Its contents are not verified. If the image cannot be used that way, f is nil. The caller must
// close f.
func (s *Store) OpenSource(name string) (f *os.File, m Image, info image.Info, err error) {
	m, err = s.Get(name)
	if err == nil {
		err = m.Broken
	}
	if err != nil {
		return nil, m, info, err
	}
	f, err = os.Open(s.dir(m.Name).File(m.Digest))
	if err != nil {
		return nil, m, info, err
	}
	info, err = image.Inspect(f)
	var st os.FileInfo
	if err == nil {
		st, err = f.Stat()
	}
	if err != nil || !info.CanBeSource(st.Size()) {
		_ = f.Close()
		return nil, m, info, err
	}
	return f, m, info, nil
}

// Digest returns the digest of an image's file, as in Image.Digest.
func Digest(ctx context.Context, f *os.File, p Progress) (string, error) {
	digest, _, _, err := computeDigests(ctx, f, catalog.Sum{}, p)
	return digest, err
}
