package gzfile

// A Huffman code is decoded by a table, as in libdeflate's deflate_decompress.c. The next
// literalBits or distanceBits bits of the input index the table. The entry found there
// describes the code. For a longer code it refers to a subtable behind the main table,
// which the following bits index.
//
// An entry consists of the number of bits to consume (bits 0–4), flags (5–7), the number of
// extra bits or, for a subtable, of its index bits (8–12), and a value (16–31): a literal,
// the base of a length or distance, or the start of the subtable. Without a flag it is a
// length or distance. Every index has an entry, so decoding never leaves the table: bits
// that are not a code have the flags isInvalid.
const (
	literalBits  = 11 // index bits of the main table of literals and lengths
	distanceBits = 8  // index bits of the main table of distances

	// Each subtable serves at least two codes and has at most 1<<(15-bits) entries.
	literalTable  = 1<<literalBits + 288/2<<(maxCode-literalBits)
	distanceTable = 1<<distanceBits + 32/2<<(maxCode-distanceBits)

	maxCode = 15 // length of the longest code, in bits

	isSubtable = 1 << 5
	isEnd      = 1 << 6
	isLiteral  = 1 << 7
	isInvalid  = isEnd | isSubtable
	isSpecial  = isEnd | isSubtable // a mask: either, or both
)

// reversedBytes maps a byte to its bits in reverse order, as codes start with their highest bit.
var reversedBytes = func() (t [256]uint16) {
	for i := range t {
		for bit := range 8 {
			t[i] |= uint16(i>>bit&1) << (7 - bit)
		}
	}
	return t
}()

func reverseBits(code uint32, length int) uint32 {
	return uint32(reversedBytes[code&0xff]<<8|reversedBytes[code>>8]) >> (16 - length)
}

// buildTable fills table for codes of the given lengths in bits; unused symbols have length
// 0. symbols are the entries without the number of bits to consume. buildTable returns
// false if the lengths are not those of a complete code. A single code of one bit, or no
// code, is also allowed.
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
	nextSubtable := uint32(1) << bits
	if longest > bits {
		for i := range 1 << bits {
			table[i] = 0 // no subtable yet
		}
	}
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		n := int(length)
		code := reverseBits(next[n], n)
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
			table[at] = isSubtable | nextSubtable<<16 | uint32(longest-bits)<<8 | uint32(bits)
			nextSubtable += 1 << (longest - bits)
		}
		start := table[at] >> 16
		for i := code >> bits; i < 1<<(longest-bits); i += 1 << (n - bits) {
			table[start+i] = entry - uint32(bits)
		}
	}
	return true
}

// literalSymbols, distanceSymbols and lengthSymbols are the entries of all symbols, without
// the number of bits to consume.
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
