package image

import (
	"archive/tar"
	"context"
	"crypto/sha1" //nolint:gosec // used by older OVAs, only to detect damage
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path"
	"regexp"
	"strings"
)

// manifestLine is a line of an OVA's manifest: SHA256(disk.vmdk)= 0123….
var manifestLine = regexp.MustCompile(`^(SHA1|SHA256|SHA512)\s*\((.+)\)\s*=\s*([0-9A-Fa-f]+)$`)

// maxManifest is the maximum number of bytes to read from a manifest.
const maxManifest = 1 << 20

// checkManifest returns ErrDamaged if the checksum of a file in an OVA differs from the
// manifest. It accepts OVAs without a manifest, and files that the manifest does not list.
func checkManifest(ctx context.Context, f *os.File, p Progress) error {
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	sums, err := manifestOf(io.NewSectionReader(f, 0, stat.Size()))
	if err != nil || len(sums) == 0 {
		return err
	}
	p.Phase(PhaseCheck, stat.Size())
	return visitMembers(io.NewSectionReader(f, 0, stat.Size()), func(h *tar.Header, content io.Reader) error {
		want, found := sums[h.Name]
		if !found {
			return nil
		}
		sum := want.newHash()
		if _, err := io.Copy(sum, &countingReader{ctx, content, p}); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != want.sum {
			return damagedError("the checksum of %q differs from the OVA's manifest", h.Name)
		}
		return nil
	})
}

// fileSum is the expected checksum of a file.
type fileSum struct {
	newHash func() hash.Hash
	sum     string
}

// manifestOf returns the checksums in the manifest of an OVA, by file name.
func manifestOf(archive io.Reader) (map[string]fileSum, error) {
	kinds := map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}
	sums := map[string]fileSum{}
	err := visitMembers(archive, func(h *tar.Header, content io.Reader) error {
		if !strings.EqualFold(path.Ext(h.Name), ".mf") {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(content, maxManifest))
		if err != nil {
			return damagedError("the OVA archive: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if m := manifestLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				sums[path.Join(path.Dir(h.Name), m[2])] = fileSum{kinds[m[1]], strings.ToLower(m[3])}
			}
		}
		return nil
	})
	return sums, err
}

// visitMembers calls visit for each file in a tar archive.
func visitMembers(archive io.Reader, visit func(*tar.Header, io.Reader) error) error {
	members := tar.NewReader(archive)
	for {
		h, err := members.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damagedError("the OVA archive: %w", err)
		}
		h.Name = path.Clean(h.Name)
		if h.Typeflag == tar.TypeReg {
			if err := visit(h, members); err != nil {
				return err
			}
		}
	}
}
