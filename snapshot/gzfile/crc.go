package gzfile

import (
	"hash/crc32"
	"sync"
)

// A polynomial over GF(2) of degree below 32 is a uint32 whose highest bit is the
// coefficient of x^0, the order in which CRC-32 works. Appending n zero bytes to data
// multiplies its CRC by x^(8n), modulo the CRC's polynomial.

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

// shiftFactor returns x^(8n) modulo poly.
func shiftFactor(poly uint32, n int64) uint32 {
	result, power := uint32(1)<<31, uint32(1)<<23 // x^0, x^8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = mulmod(poly, power, result)
		}
		power = mulmod(poly, power, power)
	}
	return result
}

// crcSum is a CRC-32 combined from the CRCs of consecutive parts.
type crcSum struct {
	poly, crc   uint32
	chunkFactor uint32 // shift(poly, ChunkSize), the common case
}

// newCRCSum returns the sum of no bytes. poly must be crc32.IEEE or crc32.Castagnoli.
func newCRCSum(poly uint32) crcSum {
	return crcSum{poly: poly, chunkFactor: shiftFactor(poly, ChunkSize)}
}

// add appends a part of n bytes whose CRC is crc.
func (s *crcSum) add(crc uint32, n int64) {
	factor := s.chunkFactor
	if n != ChunkSize {
		factor = shiftFactor(s.poly, n)
	}
	s.crc = mulmod(s.poly, factor, s.crc) ^ crc
}

// zeros is a chunk of zeros.
var zeros [ChunkSize]byte

// zeroCRC returns the CRC-32 of a full chunk of zeros.
var zeroCRC = sync.OnceValue(func() uint32 { return crc32.ChecksumIEEE(zeros[:]) })
