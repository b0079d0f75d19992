package gzfile

import "encoding/binary"

// Room that the fast loop needs before each step: in the input for two refills,
// in the output for three literals and the longest match, rounded up to words.
const (
	fastIn  = 16
	fastOut = 3 + 258 + 16
)

// codes decompresses the rest of a block, by the tables, behind the out bytes
// that are in dst.
func (d *inflater) codes(dst []byte, out int) (int, error) {
	for {
		var end bool
		var err error
		if out, end, err = d.fast(dst, out); end || err != nil {
			return out, err
		}
		if out, end, err = d.careful(dst, out); end || err != nil {
			return out, err
		}
	}
}

// fast goes on as long as there is room enough not to ask for it at each step.
func (d *inflater) fast(dst []byte, out int) (_ int, end bool, err error) {
	src, pos, buf, n := d.src, d.pos, d.buf, d.n
	literals, distances := &d.literals, &d.distances
	lastIn, lastOut := len(src)-fastIn, len(dst)-fastOut
	if pos > lastIn || out > lastOut {
		return out, false, nil
	}
	buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
	pos += int(63-n&63) >> 3
	n |= 56
	// At the start of each step there are 56 bits, and e is what they begin with.
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
					buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
					pos += int(63-n&63) >> 3
					n |= 56
					e = literals[buf&(1<<literalBits-1)]
					continue
				}
			}
		}
		buf >>= e & 31
		n -= uint(e & 31)
		if e&isSpecial != 0 {
			if e&isInvalid == isFurther {
				e = literals[e>>16+uint32(buf)&(1<<(e>>8&31)-1)]
				buf >>= e & 31
				n -= uint(e & 31)
				if e&isLiteral != 0 {
					dst[out] = byte(e >> 16)
					out++
					if pos > lastIn || out > lastOut {
						break
					}
					buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
					pos += int(63-n&63) >> 3
					n |= 56
					e = literals[buf&(1<<literalBits-1)]
					continue
				}
			}
			if e&isSpecial != 0 {
				if end = e&isInvalid == isEnd; !end {
					err = badSegment("a code that stands for nothing")
				}
				break
			}
		}
		extra := e >> 8 & 31
		length := int(e>>16 + uint32(buf)&(1<<extra-1))
		buf >>= extra
		n -= uint(extra)

		if n < maxCode+13 {
			buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int(63-n&63) >> 3
			n |= 56
		}
		e = distances[buf&(1<<distanceBits-1)]
		buf >>= e & 31
		n -= uint(e & 31)
		if e&isSpecial != 0 {
			if e&isInvalid == isFurther {
				e = distances[e>>16+uint32(buf)&(1<<(e>>8&31)-1)]
				buf >>= e & 31
				n -= uint(e & 31)
			}
			if e&isSpecial != 0 {
				err = badSegment("a code that stands for nothing")
				break
			}
		}
		extra = e >> 8 & 31
		distance := int(e>>16 + uint32(buf)&(1<<extra-1))
		buf >>= extra
		n -= uint(extra)
		if distance > out {
			err = badSegment("it refers to before its start")
			break
		}
		from := out - distance
		to := out + length
		// What comes next is looked up before the copying, which it need not wait
		// for.
		more := pos <= lastIn && to <= lastOut
		if more {
			buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int(63-n&63) >> 3
			n |= 56
			e = literals[buf&(1<<literalBits-1)]
		}
		switch {
		case distance >= 8:
			// In words, a little beyond the end: what comes next overwrites it.
			for {
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

// careful takes one literal or match, wherever the ends of input and output are.
func (d *inflater) careful(dst []byte, out int) (_ int, end bool, err error) {
	d.refill()
	e, ok := d.look(d.literals[:], literalBits)
	switch {
	case !ok:
		return out, false, errCut
	case e&isLiteral != 0:
		if out == len(dst) {
			return out, false, errFull
		}
		dst[out] = byte(e >> 16)
		return out + 1, false, nil
	case e&isInvalid == isEnd:
		return out, true, nil
	case e&isSpecial != 0:
		return out, false, badSegment("a code that stands for nothing")
	}
	more, ok := d.bits(uint(e >> 8 & 31))
	if !ok {
		return out, false, errCut
	}
	length := int(e>>16 + more)
	d.refill()
	if e, ok = d.look(d.distances[:], distanceBits); !ok {
		return out, false, errCut
	}
	if e&isSpecial != 0 {
		return out, false, badSegment("a code that stands for nothing")
	}
	if more, ok = d.bits(uint(e >> 8 & 31)); !ok {
		return out, false, errCut
	}
	distance := int(e>>16 + more)
	switch {
	case distance > out:
		return out, false, badSegment("it refers to before its start")
	case length > len(dst)-out:
		return out, false, errFull
	}
	for range length {
		dst[out] = dst[out-distance]
		out++
	}
	return out, false, nil
}

// look finds the entry of the next code and drops its bits.
func (d *inflater) look(table []uint32, bits uint) (uint32, bool) {
	e := table[d.buf&(1<<bits-1)]
	if e&isInvalid == isFurther {
		if _, ok := d.bits(uint(e & 31)); !ok {
			return 0, false
		}
		e = table[e>>16+uint32(d.buf)&(1<<(e>>8&31)-1)]
	}
	_, ok := d.bits(uint(e & 31))
	return e, ok
}
