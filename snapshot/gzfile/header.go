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

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
)

// Format is the format version of the files that this program writes.
const Format = 1

// ErrTooLong means that the name, description and VM do not fit into a header.
var ErrTooLong = errors.New("the description is too long")

// Header is the metadata in a snapshot file.
type Header struct {
	Format      int    `json:"vmterminal_snapshot"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Purpose says why the program took the snapshot, unless a person has described it.
	Purpose Purpose `json:"purpose,omitzero"`
	VM      string  `json:"vm,omitempty"`
	// Pinned protects the snapshot from pruning.
	Pinned bool `json:"pinned,omitempty"`
	// Automatic is the name that a schedule gave the snapshot, or "" if a person created
	// it. Once renamed, it no longer counts as automatic.
	Automatic string    `json:"automatic,omitempty"`
	Created   time.Time `json:"created"` // UTC
	// Taken is the state in which the guest was saved ("stopped", "frozen",
	// "crash-consistent"), and FrozenMicros is how long the guest was paused, in
	// microseconds.
	Taken        string `json:"taken,omitempty"`
	FrozenMicros int64  `json:"held_us,omitempty"`
	// Firmware contains the variables of the guest's UEFI firmware, deflated, in base64.
	Firmware string `json:"firmware,omitempty"`
	// Size is the disk's size, and Data is how much of it a restore writes, in bytes.
	Size int64 `json:"size"`
	Data int64 `json:"data"`
	// Digest is the image digest; see the package comment.
	Digest string `json:"digest"`
	// FileSize is the length of the whole file, and BodyCRC is the CRC-32C of everything
	// after the header.
	FileSize int64  `json:"file_size"`
	BodyCRC  uint32 `json:"body_crc32c"`

	// unknown is a JSON object with the members that this version does not know, or "".
	// They are kept when the header is changed.
	unknown string
}

// Purpose says why the program took a snapshot: a code of its own, and a value for it.
type Purpose struct {
	Code  string `json:"code"`
	Value string `json:"value,omitempty"`
}

const (
	fieldAt   = 12             // offset of the subfield
	crcAt     = fieldAt + 4    // offset of its payload, which begins with the CRC-32
	jsonAt    = crcAt + 4      // offset of the JSON
	maxHeader = 3 * Align      // an FEXTRA field must stay under 16,000 bytes
	jsonStart = `{"vmterminal` // start of the JSON in every format
)

// gzipStart is the start of every snapshot file: deflate, FEXTRA and no other field, no
// time, no extra flags, unknown system.
var gzipStart = []byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff}

// encodedLen returns the length of a header that has room for h, whatever values Write
// fills in.
func (h Header) encodedLen() (int, error) {
	h.Size, h.Data, h.FileSize = math.MaxInt64, math.MaxInt64, math.MaxInt64
	h.BodyCRC = math.MaxUint32
	h.Digest = string(bytes.Repeat([]byte{'0'}, 64))
	text, err := h.encodeJSON()
	if err != nil {
		return 0, err
	}
	need := (jsonAt + len(text) + Align - 1) / Align * Align
	if need > maxHeader {
		return 0, ErrTooLong
	}
	return need, nil
}

func (h Header) encodeJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(h); err != nil {
		return nil, err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
	if h.unknown != "" {
		text = append(append(bytes.TrimSuffix(text, []byte{'}'}), ','), h.unknown[1:]...)
	}
	return text, nil
}

// encode returns the gzip header of exactly length bytes.
func (h Header) encode(length int) ([]byte, error) {
	text, err := h.encodeJSON()
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

// headerBuffers holds reusable buffers, as listing snapshots reads many headers. Most headers fit
// into Align bytes.
var headerBuffers = sync.Pool{New: func() any { return new([Align]byte) }}

// ReadHeader reads the header of a snapshot file and returns it with its length. The error,
// if any, is ErrForeign (not a header of this program), ErrNewer, a *Damage, or the
// reader's.
func ReadHeader(r io.ReaderAt) (Header, int64, error) {
	buf := headerBuffers.Get().(*[Align]byte)
	defer headerBuffers.Put(buf)
	n, err := r.ReadAt(buf[:], 0)
	b := buf[:n]
	if err == nil && isNativeHeader(b) && fieldAt+int(binary.LittleEndian.Uint16(b[10:])) > n {
		more := make([]byte, maxHeader-Align)
		n, err = r.ReadAt(more, Align)
		b = append(b, more[:n]...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return Header{}, 0, err
	}
	return parseHeader(b)
}

// parseHeader decodes the header at the start of b. A header that is longer than b counts
// as damaged.
func parseHeader(b []byte) (Header, int64, error) {
	if !isNativeHeader(b) {
		return Header{}, 0, ErrForeign
	}
	length := fieldAt + int(binary.LittleEndian.Uint16(b[10:]))
	switch {
	case length%Align != 0 || length == 0 || length > maxHeader:
		return Header{}, 0, newDamage(-1, "the header has the wrong length of %d bytes", length)
	case length > len(b):
		return Header{}, 0, newDamage(-1, "the file is cut short within its header")
	}
	b = b[:length]
	intact := binary.LittleEndian.Uint32(b[crcAt:]) == headerCRC(b) || !guard.On(guard.HeaderDigest)
	if !intact || !bytes.HasPrefix(b, gzipStart) {
		return Header{}, 0, newDamage(-1, "the header does not match its checksum")
	}
	var h Header
	text := trimPadding(b[jsonAt:])
	if err := json.Unmarshal(text, &h); err != nil {
		return Header{}, 0, newDamage(-1, "the header cannot be decoded: %v", err)
	}
	if h.Format > Format {
		return Header{}, 0, fmt.Errorf("%w (format %d)", ErrNewer, h.Format)
	}
	if err := h.validate(); err != nil {
		return Header{}, 0, err
	}
	h.unknown = durable.UnknownMembers(h, text)
	return h, int64(length), nil
}

// trimPadding removes the spaces at the end of a header. It removes 128 at a time if it
// can.
func trimPadding(b []byte) []byte {
	for bytes.HasSuffix(b, blanks) {
		b = b[:len(b)-len(blanks)]
	}
	return bytes.TrimRight(b, " ")
}

var blanks = bytes.Repeat([]byte(" "), 128)

// isNativeHeader reports whether b starts with a header of this program. It accepts either of two
// signatures, so that a damaged header is reported as damaged, not as another tool's.
func isNativeHeader(b []byte) bool {
	if len(b) < jsonAt+len(jsonStart) {
		return false
	}
	return bytes.HasPrefix(b[jsonAt:], []byte(jsonStart)) ||
		bytes.HasPrefix(b, gzipStart) && b[fieldAt] == 'V' && b[fieldAt+1] == 'T'
}

// validate returns a *Damage if the header's values are impossible. It bounds the work that
// a forged header can cause.
func (h Header) validate() error {
	_, err := hex.DecodeString(h.Digest)
	switch {
	case h.Format < 1, err != nil, len(h.Digest) != 64, h.ID == "", h.Size < 0,
		h.Data < 0, h.Data > (h.Size+Align-1)/Align*Align, h.FileSize < Align+trailerLen,
		h.Size/maxExpansion > h.FileSize:
		return newDamage(-1, "the header has impossible values")
	case h.Size > MaxDisk:
		return newDamage(-1, "%v", ErrTooLarge)
	}
	return nil
}
