package gzfile

import "encoding/binary"

// fastIn and fastOut are how many bytes must remain before each step of decodeFast: of the
// input, enough for two refills; of the output, enough for three literals, the longest
// match and the words written beyond its end.
const (
	fastIn  = 16
	fastOut = 3 + 258 + 16
)

// decodeSymbols decompresses the rest of a block, whose tables are built, into dst[out:].
// It returns the new length of the output.
func (d *inflater) decodeSymbols(dst []byte, out int) (int, error) {
	for {
		var end bool
		var err error
		if out, end, err = d.decodeFast(dst, out); end || err != nil {
			return out, err
		}
		if out, end, err = d.decodeOne(dst, out); end || err != nil {
			return out, err
		}
	}
}

// refillBits returns pos, buf and n after adding whole bytes of src[pos:] to buf, so that at
// least 56 bits are valid. It needs eight bytes of src and has no branch: the bits of buf above
// n are 0 or those of src[pos:], so that or-ing them again changes nothing.
func refillBits(src []byte, pos int, buf uint64, n uint) (int, uint64, uint) {
	return pos + int(63-n&63)>>3, buf | binary.LittleEndian.Uint64(src[pos:])<<(n&63), n | 56
}

// decodeFast decodes literals and matches until fewer than fastIn bytes of input or fastOut
// of output remain. It follows the main loop of libdeflate's decompress_template.h:
//
//   - At the start of each step at least 56 bits of buf are valid, and e is the table entry
//     for the first of them. That suffices without a refill for three literals, or for two
//     literals and a length with its extra bits (2*11 + 15 + 5); a distance needs 15 + 13
//     bits more.
//   - Every exit leaves pos, buf and n after the last decoded symbol. An e that was looked
//     up but not consumed is dropped.
//   - At most 15 bytes are written beyond the end of a match; the next symbols overwrite
//     them, or they lie beyond the end of the output.
//
// It is one long function because Go does not inline loops, and a call for each match would
// spill pos, buf, n and out from their registers.
func (d *inflater) decodeFast(dst []byte, out int) (_ int, end bool, err error) {
	src, pos, buf, n := d.src, d.pos, d.buf, d.n
	literals, distances := &d.literals, &d.distances
	lastIn, lastOut := len(src)-fastIn, len(dst)-fastOut
	if pos > lastIn || out > lastOut {
		return out, false, nil
	}
	pos, buf, n = refillBits(src, pos, buf, n)
	e := literals[buf&(1<<literalBits-1)]
	for {
		if e&isLiteral != 0 {
			buf >>= e & 31
			n -= uint(e & 31)
			dst[out] = byte(e >> 16)
			out++
			if e = literals[buf&(1<<literalBits-1)]; e&isLiteral != 0 {
				buf >>= e & 31
				n -= uint(e & 31)
				dst[out] = byte(e >> 16)
				out++
				if e = literals[buf&(1<<literalBits-1)]; e&isLiteral != 0 {
					buf >>= e & 31
					n -= uint(e & 31)
					dst[out] = byte(e >> 16)
					out++
					if pos > lastIn || out > lastOut {
						break
					}
					pos, buf, n = refillBits(src, pos, buf, n)
					e = literals[buf&(1<<literalBits-1)]
					continue
				}
			}
		}
		buf >>= e & 31
		n -= uint(e & 31)
		if e&isSpecial != 0 {
			if e&isInvalid == isSubtable {
				e = literals[e>>16+uint32(buf)&(1<<(e>>8&31)-1)]
				buf >>= e & 31
				n -= uint(e & 31)
				if e&isLiteral != 0 {
					dst[out] = byte(e >> 16)
					out++
					if pos > lastIn || out > lastOut {
						break
					}
					pos, buf, n = refillBits(src, pos, buf, n)
					e = literals[buf&(1<<literalBits-1)]
					continue
				}
			}
			if e&isSpecial != 0 {
				if end = e&isInvalid == isEnd; !end {
					err = errUnusedCode
				}
				break
			}
		}
		extra := e >> 8 & 31
		length := int(e>>16 + uint32(buf)&(1<<extra-1))
		buf >>= extra
		n -= uint(extra)

		if n < maxCode+13 {
			pos, buf, n = refillBits(src, pos, buf, n)
		}
		e = distances[buf&(1<<distanceBits-1)]
		buf >>= e & 31
		n -= uint(e & 31)
		if e&isSpecial != 0 {
			if e&isInvalid == isSubtable {
				e = distances[e>>16+uint32(buf)&(1<<(e>>8&31)-1)]
				buf >>= e & 31
				n -= uint(e & 31)
			}
			if e&isSpecial != 0 {
				err = errUnusedCode
				break
			}
		}
		extra = e >> 8 & 31
		distance := int(e>>16 + uint32(buf)&(1<<extra-1))
		buf >>= extra
		n -= uint(extra)
		if distance > out {
			err = errBadDistance
			break
		}
		from := out - distance
		to := out + length
		// Look up the next entry before copying, so that the processor can do both at once.
		more := pos <= lastIn && to <= lastOut
		if more {
			pos, buf, n = refillBits(src, pos, buf, n)
			e = literals[buf&(1<<literalBits-1)]
		}
		switch {
		case distance >= 8:
			for { // in words
				binary.LittleEndian.PutUint64(dst[out:], binary.LittleEndian.Uint64(dst[from:]))
				binary.LittleEndian.PutUint64(dst[out+8:], binary.LittleEndian.Uint64(dst[from+8:]))
				if out += 16; out >= to {
					break
				}
				from += 16
			}
		case distance == 1:
			word := uint64(dst[from]) * 0x0101010101010101
			for ; out < to; out += 8 {
				binary.LittleEndian.PutUint64(dst[out:], word)
			}
		default:
			for ; out < to; out++ {
				dst[out] = dst[from]
				from++
			}
		}
		if out = to; !more {
			break
		}
	}
	d.pos, d.buf, d.n = pos, buf, n
	return out, end, err
}

// decodeOne decodes one literal or match. Unlike decodeFast, it works up to the ends of
// input and output.
func (d *inflater) decodeOne(dst []byte, out int) (_ int, end bool, err error) {
	d.refill()
	e, ok := d.nextEntry(d.literals[:], literalBits)
	switch {
	case !ok:
		return out, false, errTruncated
	case e&isLiteral != 0:
		if out == len(dst) {
			return out, false, errSegmentTooLong
		}
		dst[out] = byte(e >> 16)
		return out + 1, false, nil
	case e&isInvalid == isEnd:
		return out, true, nil
	case e&isSpecial != 0:
		return out, false, errUnusedCode
	}
	more, ok := d.takeBits(uint(e >> 8 & 31))
	if !ok {
		return out, false, errTruncated
	}
	length := int(e>>16 + more)
	d.refill()
	if e, ok = d.nextEntry(d.distances[:], distanceBits); !ok {
		return out, false, errTruncated
	}
	if e&isSpecial != 0 {
		return out, false, errUnusedCode
	}
	if more, ok = d.takeBits(uint(e >> 8 & 31)); !ok {
		return out, false, errTruncated
	}
	distance := int(e>>16 + more)
	switch {
	case distance > out:
		return out, false, errBadDistance
	case length > len(dst)-out:
		return out, false, errSegmentTooLong
	}
	for range length {
		dst[out] = dst[out-distance]
		out++
	}
	return out, false, nil
}

// nextEntry returns the entry of the next code and consumes the code's bits. It returns
// false at the end of the input.
func (d *inflater) nextEntry(table []uint32, bits uint) (uint32, bool) {
	e := table[d.buf&(1<<bits-1)]
	if e&isInvalid == isSubtable {
		if _, ok := d.takeBits(uint(e & 31)); !ok {
			return 0, false
		}
		e = table[e>>16+uint32(d.buf)&(1<<(e>>8&31)-1)]
	}
	_, ok := d.takeBits(uint(e & 31))
	return e, ok
}
