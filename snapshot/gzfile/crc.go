package gzfile

import (
	"hash/crc32"
	"sync"
)

// A polynomial over GF(2) of degree below 32 is a uint32 whose highest bit is
// the coefficient of x^0, the order in which CRC-32 works. A CRC followed by n
// zero bytes is that CRC times x^(8n) modulo the CRC's polynomial.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// mulmod multiplies two polynomials modulo poly.
func mulmod(poly, a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			product ^= b
		}
		b = b>>1 ^ poly&-(b&1)
	}
	return product
}

// shift returns x^(8n) modulo poly.
func shift(poly uint32, n int64) uint32 {
	result, power := uint32(1)<<31, uint32(1)<<23 // x^0, x^8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = mulmod(poly, power, result)
		}
		power = mulmod(poly, power, power)
	}
	return result
}

// crcSum is a CRC-32 put together from parts.
type crcSum struct {
	poly, crc uint32
	chunk     uint32 // shift by a whole chunk, the common case
}

// newCRCSum returns the CRC of nothing; poly is crc32.IEEE or crc32.Castagnoli.
func newCRCSum(poly uint32) crcSum { return crcSum{poly: poly, chunk: shift(poly, ChunkSize)} }

// add appends n bytes of that CRC.
func (s *crcSum) add(crc uint32, n int64) {
	by := s.chunk
	if n != ChunkSize {
		by = shift(s.poly, n)
	}
	s.crc = mulmod(s.poly, by, s.crc) ^ crc
}

// zeros is what a zero chunk is compared with.
var zeros [ChunkSize]byte

// zeroCRC is the CRC-32 of a whole zero chunk.
var zeroCRC = sync.OnceValue(func() uint32 { return crc32.ChecksumIEEE(zeros[:]) })
