package wire

import (
	"encoding/binary"
	"hash/crc32"

	"vmterminal/snapshot/durable/guard"
)

// Kind is the kind of a frame.
type Kind byte

// Kinds of frames. Request and Response carry JSON, Credit carries a four-byte integer
// (big-endian), Resize carries two two-byte integers (columns and rows), and Data carries
// any bytes. The others have no payload.
const (
	Ready Kind = 1 + iota
	NoSession
	Request
	Response
	Cancel
	Data
	End
	Credit
	Resize
)

// Channel is one of a command's three byte streams.
type Channel byte

// Channels of a command.
const (
	Stdin Channel = iota
	Stdout
	Stderr
)

const (
	// MaxPayload is the maximum size of a frame's payload in bytes.
	MaxPayload = 1 << 20
	// MaxMessage is the maximum size of a response's JSON in bytes.
	MaxMessage = 64 << 10
	// ChunkSize is the maximum size of the payload of a Data frame in bytes.
	ChunkSize = 32 << 10

	headerSize = 32
)

var (
	frameMark  = [4]byte{0xf4, 'V', 'T', 0xa7}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// A Frame is the unit of transmission on the stream.
type Frame struct {
	Kind    Kind
	Channel Channel
	Stream  uint32
	Session uint64
	Payload []byte
}

// Append appends the encoded frame to dst and returns the extended slice. The payload
// must not be longer than MaxPayload.
func (f Frame) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, frameMark[:]...)
	dst = append(dst, byte(f.Kind), byte(f.Channel), 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(f.Payload)))
	dst = binary.BigEndian.AppendUint32(dst, f.Stream)
	dst = binary.BigEndian.AppendUint64(dst, f.Session)
	dst = binary.BigEndian.AppendUint32(dst, crc32.Checksum(f.Payload, castagnoli))
	dst = binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	return append(dst, f.Payload...)
}

// parseHeader parses a header that starts with the mark. It returns the frame without
// its payload, and the length and checksum of the payload.
func parseHeader(h []byte) (f Frame, length int, sum uint32, ok bool) {
	if crc32.Checksum(h[:28], castagnoli) != binary.BigEndian.Uint32(h[28:]) {
		return Frame{}, 0, 0, false
	}
	size := binary.BigEndian.Uint32(h[8:])
	if size > MaxPayload && guard.On(guard.FrameLimit) || h[6] != 0 || h[7] != 0 {
		return Frame{}, 0, 0, false
	}
	f = Frame{
		Kind:    Kind(h[4]),
		Channel: Channel(h[5]),
		Stream:  binary.BigEndian.Uint32(h[12:]),
		Session: binary.BigEndian.Uint64(h[16:]),
	}
	return f, int(size), binary.BigEndian.Uint32(h[24:]), true
}
