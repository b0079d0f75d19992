package gzfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"

	"vmterminal/snapshot/durable/guard"
)

// An Entry describes one data chunk in a file. Chunks without an entry are zeros.
type Entry struct {
	Chunk      int64    // number of the chunk
	Offset     int64    // of the segment in the file
	Length     uint32   // of the segment
	Data       uint32   // bytes of the content that a restore writes; see diskfile.DataBytes
	SHA256     [32]byte // of the content
	CRC        uint32   // CRC-32 of the content
	SegmentCRC uint32   // CRC-32C of the segment
}

// matches reports whether content is the content of the entry's chunk.
func (e *Entry) matches(content []byte) bool {
	// The CRC costs a twentieth of the SHA-256 and detects most differences.
	return crc32.ChecksumIEEE(content) == e.CRC && sha256.Sum256(content) == e.SHA256
}

// matchesSegment reports whether b has the CRC-32C of the entry's segment.
func (e *Entry) matchesSegment(b []byte) bool {
	return crc32.Checksum(b, castagnoli) == e.SegmentCRC || !guard.On(guard.SegmentDigest)
}

// An Index lists the data chunks of one snapshot file, in the order of the disk.
type Index struct {
	ID       string // of the file
	Digest   string
	Size     int64
	FileSize int64
	Entries  []Entry
}

// The format of an index file, in little endian: magic, version, length of the id (1 byte),
// id, image digest (32 bytes), Size, FileSize, number of entries (8 bytes each), the
// entries, CRC-32C of everything before it.
const (
	indexMagic   = "VTINDEX\x00"
	indexVersion = 2
	entryLen     = 8 + 8 + 4 + 4 + 32 + 4 + 4
)

// ErrBadIndex means that an index is damaged or belongs to another file. It does not mean
// that the snapshot is damaged.
var ErrBadIndex = errors.New("not a usable chunk index")

// Bytes encodes the index for an index file. It returns ErrBadIndex if the id or digest is
// invalid.
func (x *Index) Bytes() ([]byte, error) {
	digest, err := hex.DecodeString(x.Digest)
	if err != nil || len(digest) != 32 || len(x.ID) > 255 {
		return nil, ErrBadIndex
	}
	le := binary.LittleEndian
	b := make([]byte, 0, len(indexMagic)+4+1+len(x.ID)+32+24+len(x.Entries)*entryLen+4)
	b = append(b, indexMagic...)
	b = le.AppendUint32(b, indexVersion)
	b = append(b, byte(len(x.ID)))
	b = append(append(b, x.ID...), digest...)
	for _, n := range []int64{x.Size, x.FileSize, int64(len(x.Entries))} {
		b = le.AppendUint64(b, uint64(n))
	}
	for i := range x.Entries {
		e := &x.Entries[i]
		b = le.AppendUint64(b, uint64(e.Chunk))
		b = le.AppendUint64(b, uint64(e.Offset))
		b = le.AppendUint32(b, e.Length)
		b = le.AppendUint32(b, e.Data)
		b = append(b, e.SHA256[:]...)
		b = le.AppendUint32(b, e.CRC)
		b = le.AppendUint32(b, e.SegmentCRC)
	}
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

// ReadIndex reads the index of a file with header h. It checks the index's checksum, id and
// sizes; that its chunks' SHA-256 values give the header's image digest; and that its
// segments in sequence give the header's CRC-32C of the body. So the index describes what
// was saved; only reading the file shows whether it still contains that. The error, if any,
// is ErrBadIndex or the reader's.
func ReadIndex(r io.Reader, h Header) (*Index, error) {
	// Each entry stands for a segment of at least Align bytes.
	limit := int64(len(indexMagic)+4+1+255+32+24+4) + h.FileSize/Align*entryLen
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	head := len(indexMagic) + 4 + 1
	if int64(len(b)) > limit || len(b) < head+4 || string(b[:len(indexMagic)]) != indexMagic {
		return nil, ErrBadIndex
	}
	le := binary.LittleEndian
	body, sum := b[:len(b)-4], le.Uint32(b[len(b)-4:])
	intact := crc32.Checksum(body, castagnoli) == sum || !guard.On(guard.IndexDigest)
	if !intact || le.Uint32(body[len(indexMagic):]) != indexVersion {
		return nil, ErrBadIndex
	}
	idLen := int(body[head-1])
	rest := body[head:]
	if len(rest) < idLen+32+24 {
		return nil, ErrBadIndex
	}
	x := &Index{ID: string(rest[:idLen]), Digest: hex.EncodeToString(rest[idLen : idLen+32])}
	rest = rest[idLen+32:]
	x.Size, x.FileSize = int64(le.Uint64(rest)), int64(le.Uint64(rest[8:]))
	count := le.Uint64(rest[16:])
	rest = rest[24:]
	if count != uint64(len(rest)/entryLen) || len(rest)%entryLen != 0 {
		return nil, ErrBadIndex
	}
	x.Entries = make([]Entry, count)
	for i := range x.Entries {
		x.Entries[i] = parseEntry(rest[i*entryLen:])
	}
	if x.ID != h.ID || x.Digest != h.Digest || x.Size != h.Size || x.FileSize != h.FileSize || !x.matches(h) {
		return nil, ErrBadIndex
	}
	return x, nil
}

func parseEntry(b []byte) Entry {
	le := binary.LittleEndian
	return Entry{
		Chunk: int64(le.Uint64(b)), Offset: int64(le.Uint64(b[8:])), Length: le.Uint32(b[16:]), Data: le.Uint32(b[20:]),
		SHA256: [32]byte(b[24:56]), CRC: le.Uint32(b[56:]), SegmentCRC: le.Uint32(b[60:]),
	}
}

// matches reports whether the entries are consistent with each other and with the header.
func (x *Index) matches(h Header) bool {
	next, end, data := int64(0), int64(Align), int64(0)
	for i := range x.Entries {
		e := &x.Entries[i]
		if e.Chunk < next || e.Chunk >= Chunks(x.Size) || e.Offset < end ||
			e.Length == 0 || e.Length > maxSegment || e.Data == 0 || int64(e.Data) > chunkLen(x.Size, e.Chunk) || e.Offset > x.FileSize-trailerLen-int64(e.Length) {
			return false
		}
		next, end, data = e.Chunk+1, e.Offset+int64(e.Length), data+int64(e.Data)
	}
	sums, crc := x.computeSums()
	return data == h.Data && (sums == x.Digest && x.matchesBody(h, crc) || !guard.On(guard.IndexBinding))
}

// computeSums returns the image digest and the CRC-32 of the disk described by the entries.
func (x *Index) computeSums() (string, uint32) {
	digest, crc := &digest{h: sha256.New()}, newCRCSum(crc32.IEEE)
	addZeros := func(from, to int64) {
		for i := from; i < to; i++ {
			n := chunkLen(x.Size, i)
			if n == ChunkSize {
				digest.add(zeroSHA())
				crc.add(zeroCRC(), n)
			} else {
				digest.add(sha256.Sum256(zeros[:n]))
				crc.add(crc32.ChecksumIEEE(zeros[:n]), n)
			}
		}
	}
	next := int64(0)
	for i := range x.Entries {
		e := &x.Entries[i]
		addZeros(next, e.Chunk)
		digest.add(e.SHA256)
		crc.add(e.CRC, chunkLen(x.Size, e.Chunk))
		next = e.Chunk + 1
	}
	addZeros(next, Chunks(x.Size))
	return hex.EncodeToString(digest.h.Sum(nil)), crc.crc
}

// DataBytes returns how many bytes of the disk are in data chunks.
func (x *Index) DataBytes() int64 {
	var n int64
	for i := range x.Entries {
		n += chunkLen(x.Size, x.Entries[i].Chunk)
	}
	return n
}
