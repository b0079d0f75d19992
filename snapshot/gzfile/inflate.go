package gzfile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A Sink receives the content of the disk at off. Calls come in sequence, from the start
// of the disk to its end, without the zero chunks. A Sink must not retain content.
type Sink func(off int64, content []byte) error

var (
	errSegment        = errors.New("it cannot be decompressed")
	errSegmentTooLong = fmt.Errorf("%w: it is too long", errSegment)
	errUnusedCode     = segmentError("unused code")
	errBadDistance    = segmentError("distance before the start")
)

func segmentError(reason string) error { return fmt.Errorf("%w: %s", errSegment, reason) }

// inflater decompresses whole segments in memory. Unlike a stream decompressor it needs no
// window and no state between calls. It is not safe for concurrent use.
type inflater struct {
	literals  [literalTable]uint32
	distances [distanceTable]uint32
	lengths   [288 + 32]uint8

	src []byte
	pos int    // of the next byte for buf
	buf uint64 // the next bits, lowest first; bits above n are 0 or those of src[pos:]
	n   uint   // number of valid bits in buf
}

// inflate decompresses a segment into dst and returns the number of bytes written. The
// segment must end with a block and must not contain a final block. consumed is the length
// of the blocks that were decompressed completely.
func (d *inflater) inflate(dst, segment []byte) (wrote, consumed int, err error) {
	d.src, d.pos, d.buf, d.n = segment, 0, 0, 0
	for {
		if consumed = d.pos - int(d.n/8); consumed == len(segment) && d.n%8 == 0 {
			return wrote, consumed, nil
		}
		if wrote, err = d.decodeBlock(dst, wrote); err != nil {
			return wrote, consumed, err
		}
	}
}

// decodeBlock decompresses one block into dst[out:] and returns the new length of the
// output.
func (d *inflater) decodeBlock(dst []byte, out int) (int, error) {
	head, ok := d.takeBits(3)
	if !ok {
		return out, errTruncated
	}
	if head&1 != 0 {
		return out, segmentError("it ends too early")
	}
	switch head >> 1 {
	case 0:
		return d.copyStored(dst, out)
	case 1:
		d.buildFixedTables()
	case 2:
		if err := d.readTables(); err != nil {
			return out, err
		}
	default:
		return out, segmentError("unknown type of block")
	}
	return d.decodeSymbols(dst, out)
}

// refill fills buf to at least 56 valid bits, or up to the end of the input.
func (d *inflater) refill() {
	if d.pos+8 <= len(d.src) {
		d.pos, d.buf, d.n = refillBits(d.src, d.pos, d.buf, d.n)
		return
	}
	for ; d.n < 56 && d.pos < len(d.src); d.pos++ {
		d.buf |= uint64(d.src[d.pos]) << d.n
		d.n += 8
	}
}

// takeBits consumes and returns n bits, at most 16. It returns false if fewer remain.
func (d *inflater) takeBits(n uint) (uint32, bool) {
	if d.n < n {
		if d.refill(); d.n < n {
			return 0, false
		}
	}
	v := uint32(d.buf) & (1<<n - 1)
	d.buf >>= n
	d.n -= n
	return v, true
}

// copyStored copies the contents of a stored block.
func (d *inflater) copyStored(dst []byte, out int) (int, error) {
	d.pos -= int(d.n / 8)
	d.buf, d.n = 0, 0
	if len(d.src)-d.pos < 4 {
		return out, errTruncated
	}
	n := int(binary.LittleEndian.Uint16(d.src[d.pos:]))
	if n^0xffff != int(binary.LittleEndian.Uint16(d.src[d.pos+2:])) {
		return out, segmentError("wrong length of a stored block")
	}
	d.pos += 4
	switch {
	case n > len(d.src)-d.pos:
		return out, errTruncated
	case n > len(dst)-out:
		return out, errSegmentTooLong
	}
	copy(dst[out:], d.src[d.pos:d.pos+n])
	d.pos += n
	return out + n, nil
}

// buildFixedTables builds the tables of the fixed code.
func (d *inflater) buildFixedTables() {
	l := d.lengths[:]
	for i := range 288 {
		switch {
		case i < 144, i >= 280:
			l[i] = 8
		case i < 256:
			l[i] = 9
		default:
			l[i] = 7
		}
	}
	for i := 288; i < 320; i++ {
		l[i] = 5
	}
	buildTable(d.literals[:], literalBits, l[:288], literalSymbols[:])
	buildTable(d.distances[:], distanceBits, l[288:], distanceSymbols[:])
}

// lengthOrder is the order in which a block lists the lengths of the codes for code
// lengths.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the codes of a dynamic block and builds their tables.
func (d *inflater) readTables() error {
	head, ok := d.takeBits(14)
	if !ok {
		return errTruncated
	}
	literals, distances := int(head&31)+257, int(head>>5&31)+1
	if literals > 286 || distances > 30 {
		return segmentError("too many codes")
	}
	var lengths [19]uint8
	for i := range head>>10 + 4 {
		n, ok := d.takeBits(3)
		if !ok {
			return errTruncated
		}
		lengths[lengthOrder[i]] = uint8(n)
	}
	const tableBits = 7
	var table [1 << tableBits]uint32
	if !buildTable(table[:], tableBits, lengths[:], lengthSymbols[:]) {
		return segmentError("invalid code for code lengths")
	}
	all := d.lengths[:literals+distances]
	for i := 0; i < len(all); {
		if d.n < tableBits+7 {
			d.refill()
		}
		e := table[d.buf&(1<<tableBits-1)]
		if _, ok := d.takeBits(uint(e & 31)); !ok || e == isInvalid {
			return segmentError("invalid code length")
		}
		symbol := e >> 16
		if symbol < 16 {
			all[i] = uint8(symbol)
			i++
			continue
		}
		value, extra, repeat := uint8(0), uint(3), 3
		switch symbol {
		case 16:
			if i == 0 {
				return segmentError("no code length to repeat")
			}
			value, extra = all[i-1], 2
		case 18:
			extra, repeat = 7, 11
		}
		more, ok := d.takeBits(extra)
		if repeat += int(more); !ok || repeat > len(all)-i {
			return segmentError("too many code lengths")
		}
		for range repeat {
			all[i] = value
			i++
		}
	}
	if all[256] == 0 || !buildTable(d.literals[:], literalBits, all[:literals], literalSymbols[:]) ||
		!buildTable(d.distances[:], distanceBits, all[literals:], distanceSymbols[:]) {
		return segmentError("invalid code")
	}
	return nil
}
