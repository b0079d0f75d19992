package gzfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"vmterminal/app/ondisk/guard"
)

// A File is a snapshot file of ours whose header, length and end hold. Its
// methods may be called from several goroutines, as far as its reader allows.
type File struct {
	Header Header

	r         io.ReaderAt
	headerLen int64
	crc       uint32 // of the disk, as its end says
}

// Open reads header and end of the file of size bytes. The error is as
// ReadHeader's; with a *Damage or ErrNewer, nothing of the file is to be
// trusted.
func Open(r io.ReaderAt, size int64) (*File, error) {
	h, length, err := ReadHeader(r)
	if err != nil {
		return nil, err
	}
	if h.FileSize != size {
		return nil, damaged(-1, "it is %d bytes long and should be %d", size, h.FileSize)
	}
	crc, isize, err := readTrailer(r, size)
	if err != nil {
		return nil, err
	}
	if isize != uint32(h.Size) {
		return nil, damaged(-1, "its end and its header do not agree on the disk's size")
	}
	return &File{Header: h, r: r, headerLen: length, crc: crc}, nil
}

// isDisk compares the image digest of what is in the file.
func (f *File) isDisk(digest string) bool {
	return digest == f.Header.Digest || !guard.On(guard.DiskDigest)
}

func errDisk() error { return damaged(-1, "the disk's SHA-256 is not what its header says") }

// endsWith compares the CRC-32 of the disk that is in the file.
func (f *File) endsWith(crc uint32) bool { return crc == f.crc || !guard.On(guard.EndDigest) }

func errEnd() error { return damaged(-1, "the disk's CRC-32 is not what its end says") }

// CheckForeign looks whether a file may be a gzip of another tool: its first
// bytes and its length.
func CheckForeign(r io.ReaderAt, size int64) error {
	const shortest = 18 // ten bytes of header, no byte of data in two, eight of trailer
	b := make([]byte, 3)
	if size < shortest {
		return damaged(-1, "it is too short for a gzip file")
	}
	if _, err := r.ReadAt(b, 0); err != nil {
		return err
	}
	if !bytes.Equal(b, gzipStart[:3]) {
		return damaged(-1, "it is not a gzip file")
	}
	return nil
}

// readTrailer returns the CRC-32 and ISIZE of a file of size bytes.
func readTrailer(r io.ReaderAt, size int64) (crc, isize uint32, err error) {
	var b [trailerLen]byte
	if size < trailerLen {
		return 0, 0, damaged(-1, "it is cut short")
	}
	if _, err := r.ReadAt(b[:], size-trailerLen); err != nil && err != io.EOF {
		return 0, 0, fmt.Errorf("reading its end: %w", err)
	}
	if !bytes.HasPrefix(b[:], finalBlock) {
		return 0, 0, damaged(-1, "it does not end as a snapshot does")
	}
	return binary.LittleEndian.Uint32(b[5:]), binary.LittleEndian.Uint32(b[9:]), nil
}
