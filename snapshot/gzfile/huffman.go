package gzfile

// A code's table is looked up with the next bits of the input: the low bits
// find an entry, or for longer codes a further table behind.
//
// An entry is the number of bits to drop (bits 0–4), what it is (5–7), the
// number of extra bits or, for a further table, of its index (8–12), and a value
// (16–31): a literal, the base of a length or distance, or where the further
// table starts.
const (
	literalBits  = 11 // found at once in the table of literals and lengths
	distanceBits = 8  // found at once in the table of distances

	// Each further table serves at least two codes and has 1<<(15-bits) entries.
	literalTable  = 1<<literalBits + 288/2<<(maxCode-literalBits)
	distanceTable = 1<<distanceBits + 32/2<<(maxCode-distanceBits)

	maxCode = 15 // the longest code in bits

	isFurther = 1 << 5
	isEnd     = 1 << 6
	isLiteral = 1 << 7
	isInvalid = isEnd | isFurther
	isSpecial = isEnd | isFurther // either, or both
)

// reversed has a byte's bits in the opposite order: codes come highest bit first.
var reversed = func() (t [256]uint16) {
	for i := range t {
		for bit := range 8 {
			t[i] |= uint16(i>>bit&1) << (7 - bit)
		}
	}
	return t
}()

func reverse(code uint32, length int) uint32 {
	return uint32(reversed[code&0xff]<<8|reversed[code>>8]) >> (16 - length)
}

// buildTable fills a table for the codes of these lengths (0: no code), whose
// symbols stand for these entries. It returns false for lengths that are no
// code: too many, or too few unless it is a single code of one bit or none.
func buildTable(table []uint32, bits int, lengths []uint8, symbols []uint32) bool {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	longest, left := 0, 1
	var next [maxCode + 2]uint32 // the first code of each length
	for n := 1; n <= maxCode; n++ {
		if left = left<<1 - count[n]; left < 0 {
			return false
		}
		next[n+1] = (next[n] + uint32(count[n])) << 1
		if count[n] > 0 {
			longest = n
		}
	}
	if left > 0 {
		if used > 1 || used == 1 && longest != 1 {
			return false
		}
		for i := range 1 << bits {
			table[i] = isInvalid
		}
	}
	further := uint32(1) << bits
	if longest > bits {
		for i := range 1 << bits {
			table[i] = 0 // no further table there yet
		}
	}
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		n := int(length)
		code := reverse(next[n], n)
		next[n]++
		entry := symbols[symbol] | uint32(n)
		if n <= bits {
			for i := int(code); i < 1<<bits; i += 1 << n {
				table[i] = entry
			}
			continue
		}
		at := code & (1<<bits - 1)
		if table[at] == 0 {
			table[at] = isFurther | further<<16 | uint32(longest-bits)<<8 | uint32(bits)
			further += 1 << (longest - bits)
		}
		start := table[at] >> 16
		for i := code >> bits; i < 1<<(longest-bits); i += 1 << (n - bits) {
			table[start+i] = entry - uint32(bits)
		}
	}
	return true
}

// What each symbol stands for, without the length of its code.
var literalSymbols, distanceSymbols, lengthSymbols = func() (lit [288]uint32, dist [32]uint32, lens [19]uint32) {
	for i := range 256 {
		lit[i] = isLiteral | uint32(i)<<16
	}
	lit[256] = isEnd
	base, extra := uint32(3), uint32(0)
	for i := 257; i < 285; i++ {
		if i >= 265 && (i-265)%4 == 0 {
			extra++
		}
		lit[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	lit[285], lit[286], lit[287] = 258<<16, isInvalid, isInvalid
	base, extra = 1, 0
	for i := range 30 {
		if i >= 4 && i%2 == 0 {
			extra++
		}
		dist[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	dist[30], dist[31] = isInvalid, isInvalid
	for i := range lens {
		lens[i] = uint32(i) << 16
	}
	return lit, dist, lens
}()
