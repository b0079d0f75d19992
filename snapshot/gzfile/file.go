package gzfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"vmterminal/snapshot/durable/guard"
)

// A File is a snapshot file written by this package whose header, length and trailer are
// intact. Its methods may be called from several goroutines if its reader allows that.
type File struct {
	Header Header
	// HeaderLen is the length of the header, which is the offset of the body.
	HeaderLen int64

	r   io.ReaderAt
	crc uint32 // of the disk, from the trailer
}

// Open reads the header and the trailer of a file; size is the file's length in bytes. The
// error, if any, is one of ReadHeader's, or a *Damage if the file's length or trailer is
// wrong.
func Open(r io.ReaderAt, size int64) (*File, error) {
	h, length, err := ReadHeader(r)
	if err != nil {
		return nil, err
	}
	if h.FileSize != size {
		return nil, newDamage(-1, "the file is %d bytes long instead of %d", size, h.FileSize)
	}
	crc, isize, err := readTrailer(r, size)
	if err != nil {
		return nil, err
	}
	if isize != uint32(h.Size) {
		return nil, newDamage(-1, "the header and the end of the file disagree on the disk's size")
	}
	return &File{Header: h, r: r, HeaderLen: length, crc: crc}, nil
}

// matchesDigest reports whether digest is the image digest in the header.
func (f *File) matchesDigest(digest string) bool {
	return digest == f.Header.Digest || !guard.On(guard.DiskDigest)
}

func wrongDigestError() error {
	return newDamage(-1, "the disk's SHA-256 does not match the one in the header")
}

// matchesCRC reports whether crc is the disk's CRC-32 in the trailer.
func (f *File) matchesCRC(crc uint32) bool { return crc == f.crc || !guard.On(guard.EndDigest) }

func wrongCRCError() error {
	return newDamage(-1, "the disk's CRC-32 does not match the one at the end of the file")
}

// CheckForeign returns a *Damage if the length or the first bytes of a file show that it is
// not a gzip file. size is the length in bytes.
func CheckForeign(r io.ReaderAt, size int64) error {
	const shortest = 18 // length of header and trailer
	b := make([]byte, 3)
	if size < shortest {
		return newDamage(-1, "the file is too short to be a gzip file")
	}
	if _, err := r.ReadAt(b, 0); err != nil {
		return err
	}
	if !bytes.Equal(b, gzipStart[:3]) {
		return newDamage(-1, "it is not a gzip file")
	}
	return nil
}

// readTrailer returns the CRC-32 and ISIZE at the end of a file; size is the file's length.
func readTrailer(r io.ReaderAt, size int64) (crc, isize uint32, err error) {
	var b [trailerLen]byte
	if size < trailerLen {
		return 0, 0, newDamage(-1, "the file is cut short")
	}
	if _, err := r.ReadAt(b[:], size-trailerLen); err != nil && err != io.EOF {
		return 0, 0, fmt.Errorf("reading the end of the file: %w", err)
	}
	if !bytes.HasPrefix(b[:], finalBlock) {
		return 0, 0, newDamage(-1, "the end of the file is not that of a snapshot")
	}
	return binary.LittleEndian.Uint32(b[5:]), binary.LittleEndian.Uint32(b[9:]), nil
}
