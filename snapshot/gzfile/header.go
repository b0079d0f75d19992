package gzfile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sync"
	"time"

	"vmterminal/app/ondisk/guard"
)

// Format is the version of header, body and index that this program writes.
const Format = 1

// ErrTooLong says that name, description and VM do not fit into a header.
var ErrTooLong = errors.New("the description is too long")

// Header is what a snapshot file says of itself.
type Header struct {
	Format      int    `json:"vmterminal_snapshot"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	VM          string `json:"vm,omitempty"`
	// Pinned snapshots are not deleted by rule.
	Pinned bool `json:"pinned,omitempty"`
	// Automatic is the name that a snapshot was given when nobody asked for it;
	// under another name it is somebody's.
	Automatic string    `json:"automatic,omitempty"`
	Created   time.Time `json:"created"` // UTC
	// Taken is how the disk was held still ("stopped", "frozen",
	// "crash-consistent"), and HeldMicros how long the guest stood.
	Taken      string `json:"taken,omitempty"`
	HeldMicros int64  `json:"held_us,omitempty"`
	// Firmware is what the guest's firmware remembered, a small file beside the
	// disk: deflated, in base64.
	Firmware string `json:"firmware,omitempty"`
	// Size is the disk's size, Data what of it a restore has to write, in bytes.
	Size int64 `json:"size"`
	Data int64 `json:"data"`
	// Digest is the image digest; see the package comment.
	Digest string `json:"digest"`
	// FileSize is the whole file's length; BodyCRC is the CRC-32C of all of it
	// after the header.
	FileSize int64  `json:"file_size"`
	BodyCRC  uint32 `json:"body_crc32c"`
}

const (
	fieldAt   = 12             // where the subfield starts
	crcAt     = fieldAt + 4    // where its payload starts: the CRC-32
	jsonAt    = crcAt + 4      // and after it the JSON
	maxHeader = 3 * Align      // an FEXTRA field must stay under 16,000 bytes
	jsonStart = `{"vmterminal` // what the JSON starts with, in every format
)

// gzipStart is how every snapshot file begins: deflate, FEXTRA and no other
// field, no time, no flags, no system.
var gzipStart = []byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff}

// room returns how long the header must be so that h fits in, whatever Write
// will fill in.
func (h Header) room() (int, error) {
	h.Size, h.Data, h.FileSize = math.MaxInt64, math.MaxInt64, math.MaxInt64
	h.BodyCRC = math.MaxUint32
	h.Digest = string(bytes.Repeat([]byte{'0'}, 64))
	text, err := h.text()
	if err != nil {
		return 0, err
	}
	need := (jsonAt + len(text) + Align - 1) / Align * Align
	if need > maxHeader {
		return 0, ErrTooLong
	}
	return need, nil
}

func (h Header) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(h)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

// encode returns the gzip header of exactly length bytes.
func (h Header) encode(length int) ([]byte, error) {
	text, err := h.text()
	if err != nil {
		return nil, err
	}
	if jsonAt+len(text) > length || length > maxHeader {
		return nil, ErrTooLong
	}
	b := bytes.Repeat([]byte{' '}, length)
	copy(b, gzipStart)
	binary.LittleEndian.PutUint16(b[10:], uint16(length-fieldAt))
	b[fieldAt], b[fieldAt+1] = 'V', 'T'
	binary.LittleEndian.PutUint16(b[fieldAt+2:], uint16(length-crcAt))
	copy(b[jsonAt:], text)
	binary.LittleEndian.PutUint32(b[crcAt:], headerCRC(b))
	return b, nil
}

func headerCRC(b []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(b[:crcAt]), crc32.IEEETable, b[jsonAt:])
}

// headers are for use again: a list reads many. Most are no longer.
var headers = sync.Pool{New: func() any { return new([Align]byte) }}

// ReadHeader reads the header of a snapshot file and returns its length too.
// The error is ErrForeign when there is none (whatever else the file may be),
// ErrNewer, a *Damage, or the reader's.
func ReadHeader(r io.ReaderAt) (Header, int64, error) {
	buf := headers.Get().(*[Align]byte)
	defer headers.Put(buf)
	n, err := r.ReadAt(buf[:], 0)
	b := buf[:n]
	if err == nil && isOurs(b) && fieldAt+int(binary.LittleEndian.Uint16(b[10:])) > n {
		more := make([]byte, maxHeader-Align)
		n, err = r.ReadAt(more, Align)
		b = append(b, more[:n]...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return Header{}, 0, err
	}
	return parseHeader(b)
}

// parseHeader takes the first bytes of a file, maxHeader of them if there are.
func parseHeader(b []byte) (Header, int64, error) {
	if !isOurs(b) {
		return Header{}, 0, ErrForeign
	}
	length := fieldAt + int(binary.LittleEndian.Uint16(b[10:]))
	switch {
	case length%Align != 0 || length == 0 || length > maxHeader:
		return Header{}, 0, damaged(-1, "its header says that it is %d bytes long", length)
	case length > len(b):
		return Header{}, 0, damaged(-1, "it is cut short in its header")
	}
	b = b[:length]
	holds := binary.LittleEndian.Uint32(b[crcAt:]) == headerCRC(b) || !guard.On(guard.HeaderDigest)
	if !holds || !bytes.HasPrefix(b, gzipStart) {
		return Header{}, 0, damaged(-1, "its header fails its checksum")
	}
	var h Header
	if err := json.Unmarshal(unpadded(b[jsonAt:]), &h); err != nil {
		return Header{}, 0, damaged(-1, "its header cannot be read: %v", err)
	}
	if h.Format > Format {
		return Header{}, 0, fmt.Errorf("%w (format %d)", ErrNewer, h.Format)
	}
	if err := h.check(); err != nil {
		return Header{}, 0, err
	}
	return h, int64(length), nil
}

// unpadded cuts off the blanks that fill a header up, most of them many at once.
func unpadded(b []byte) []byte {
	for bytes.HasSuffix(b, manyBlanks) {
		b = b[:len(b)-len(manyBlanks)]
	}
	return bytes.TrimRight(b, " ")
}

var manyBlanks = bytes.Repeat([]byte(" "), 128)

// isOurs looks for two signs, and one is enough: a header of ours with a flaw
// must count as damaged, not as another tool's.
func isOurs(b []byte) bool {
	if len(b) < jsonAt+len(jsonStart) {
		return false
	}
	return bytes.HasPrefix(b[jsonAt:], []byte(jsonStart)) ||
		bytes.HasPrefix(b, gzipStart) && b[fieldAt] == 'V' && b[fieldAt+1] == 'T'
}

// check holds what must be true of every header, so that no number in it can
// make a reader do more work than the file is worth.
func (h Header) check() error {
	_, err := hex.DecodeString(h.Digest)
	switch {
	case h.Format < 1, err != nil, len(h.Digest) != 64, h.ID == "", h.Size < 0,
		h.Data < 0, h.Data > (h.Size+Align-1)/Align*Align, h.FileSize < Align+trailerLen,
		h.Size/maxExpansion > h.FileSize:
		return damaged(-1, "its header contradicts itself")
	case h.Size > MaxDisk:
		return damaged(-1, "its header tells of %v", ErrTooLarge)
	}
	return nil
}
