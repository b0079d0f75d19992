package gzfile

// empty5 and empty6 are deflate blocks without content that start and end on a byte
// boundary: a stored block, and a fixed block followed by a stored one. Every length from
// 20 up is a sum of fives and sixes.
var (
	empty5 = []byte{0x00, 0x00, 0x00, 0xff, 0xff}
	empty6 = []byte{0x02, 0x00, 0x00, 0x00, 0xff, 0xff}
)

// countPadding returns how many of empty5 and empty6 pad n bytes to a multiple of Align.
func countPadding(n int) (fives, sixes int) {
	for gap := (Align - n%Align) % Align; ; gap += Align {
		// gap = 5·fives + 6·sixes, with the fewest sixes
		sixes = gap % 5
		if fives = (gap - 6*sixes) / 5; gap >= 6*sixes {
			return fives, sixes
		}
	}
}

// padSegment appends empty blocks to a segment that ends on a byte boundary, up to a multiple of
// Align.
func padSegment(segment []byte) []byte {
	fives, sixes := countPadding(len(segment))
	for range sixes {
		segment = append(segment, empty6...)
	}
	for range fives {
		segment = append(segment, empty5...)
	}
	return segment
}
