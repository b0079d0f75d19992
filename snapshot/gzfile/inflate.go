package gzfile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A Sink takes a part of the disk: content at off, from the disk's start to its
// end, one call after the other: files take writes one at a time anyhow, and
// whoever waits for them would burn a processor. It must not keep content. Zero
// chunks are left out.
type Sink func(off int64, content []byte) error

var (
	errSegment = errors.New("it cannot be decompressed")
	// errFull says that a segment holds more than there is room for.
	errFull = fmt.Errorf("%w: it is too long", errSegment)
)

func badSegment(why string) error { return fmt.Errorf("%w: %s", errSegment, why) }

// An inflater decompresses whole segments in memory, which leaves out what a
// reader of streams has to do: no window, no calls for each piece. It belongs
// to one goroutine.
type inflater struct {
	literals  [literalTable]uint32
	distances [distanceTable]uint32
	lengths   [288 + 32]uint8

	src []byte
	pos int    // what comes next into buf
	buf uint64 // the next bits, lowest first; what is above n repeats src[pos:]
	n   uint   // how many bits of buf count
}

func newInflater() *inflater { return new(inflater) }

// inflate decompresses a segment, which must end where a block does and have no
// final block, into dst. It returns how many bytes that were. With errFull,
// whole is how many bytes the blocks take that did fit.
func (d *inflater) inflate(dst, segment []byte) (wrote, whole int, err error) {
	d.src, d.pos, d.buf, d.n = segment, 0, 0, 0
	for {
		if whole = d.pos - int(d.n/8); whole == len(segment) && d.n%8 == 0 {
			return wrote, whole, nil
		}
		if wrote, err = d.block(dst, wrote); err != nil {
			return wrote, whole, err
		}
	}
}

// block decompresses one block behind the out bytes that are in dst.
func (d *inflater) block(dst []byte, out int) (int, error) {
	head, ok := d.bits(3)
	if !ok {
		return out, errCut
	}
	if head&1 != 0 {
		return out, badSegment("it ends too early")
	}
	switch head >> 1 {
	case 0:
		return d.stored(dst, out)
	case 1:
		d.fixed()
	case 2:
		if err := d.dynamic(); err != nil {
			return out, err
		}
	default:
		return out, badSegment("a block of no kind")
	}
	return d.codes(dst, out)
}

// refill makes sure that there are 56 bits, or all that are left.
func (d *inflater) refill() {
	if d.pos+8 <= len(d.src) {
		d.buf |= binary.LittleEndian.Uint64(d.src[d.pos:]) << d.n
		d.pos += int(63-d.n) >> 3
		d.n |= 56
		return
	}
	for ; d.n < 56 && d.pos < len(d.src); d.pos++ {
		d.buf |= uint64(d.src[d.pos]) << d.n
		d.n += 8
	}
}

// bits takes n bits, at most 16.
func (d *inflater) bits(n uint) (uint32, bool) {
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

func (d *inflater) stored(dst []byte, out int) (int, error) {
	d.pos -= int(d.n / 8)
	d.buf, d.n = 0, 0
	if len(d.src)-d.pos < 4 {
		return out, errCut
	}
	n := int(binary.LittleEndian.Uint16(d.src[d.pos:]))
	if n^0xffff != int(binary.LittleEndian.Uint16(d.src[d.pos+2:])) {
		return out, badSegment("a stored block contradicts itself")
	}
	d.pos += 4
	switch {
	case n > len(d.src)-d.pos:
		return out, errCut
	case n > len(dst)-out:
		return out, errFull
	}
	copy(dst[out:], d.src[d.pos:d.pos+n])
	d.pos += n
	return out + n, nil
}

// fixed makes the tables of the fixed code.
func (d *inflater) fixed() {
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

// lengthOrder is the order in which the lengths of the code of lengths come.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads a block's codes and makes their tables.
func (d *inflater) dynamic() error {
	head, ok := d.bits(14)
	if !ok {
		return errCut
	}
	literals, distances := int(head&31)+257, int(head>>5&31)+1
	if literals > 286 || distances > 30 {
		return badSegment("too many codes")
	}
	var lengths [19]uint8
	for i := range head>>10 + 4 {
		n, ok := d.bits(3)
		if !ok {
			return errCut
		}
		lengths[lengthOrder[i]] = uint8(n)
	}
	const tableBits = 7
	var table [1 << tableBits]uint32
	if !buildTable(table[:], tableBits, lengths[:], lengthSymbols[:]) {
		return badSegment("a code of lengths is none")
	}
	all := d.lengths[:literals+distances]
	for i := 0; i < len(all); {
		if d.n < tableBits+7 {
			d.refill()
		}
		e := table[d.buf&(1<<tableBits-1)]
		if _, ok := d.bits(uint(e & 31)); !ok || e == isInvalid {
			return badSegment("a length of no code")
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
				return badSegment("no length to repeat")
			}
			value, extra = all[i-1], 2
		case 18:
			extra, repeat = 7, 11
		}
		more, ok := d.bits(extra)
		if repeat += int(more); !ok || repeat > len(all)-i {
			return badSegment("too many lengths")
		}
		for range repeat {
			all[i] = value
			i++
		}
	}
	if all[256] == 0 || !buildTable(d.literals[:], literalBits, all[:literals], literalSymbols[:]) ||
		!buildTable(d.distances[:], distanceBits, all[literals:], distanceSymbols[:]) {
		return badSegment("a code is none")
	}
	return nil
}
