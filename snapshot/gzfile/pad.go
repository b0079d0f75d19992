package gzfile

// Two empty deflate sequences that start and end at a byte's edge: a stored
// block, and a fixed block followed by a stored one. Sums of five and six reach
// every length from 20 up.
var (
	empty5 = []byte{0x00, 0x00, 0x00, 0xff, 0xff}
	empty6 = []byte{0x02, 0x00, 0x00, 0x00, 0xff, 0xff}
)

// padding returns how many fives and sixes fill up n bytes to a multiple of
// Align.
func padding(n int) (fives, sixes int) {
	for gap := (Align - n%Align) % Align; ; gap += Align {
		// gap = 5·fives + 6·sixes, with as few sixes as can be
		sixes = gap % 5
		if fives = (gap - 6*sixes) / 5; gap >= 6*sixes {
			return fives, sixes
		}
	}
}

// pad appends empty blocks to a segment that ends at a byte's edge.
func pad(segment []byte) []byte {
	fives, sixes := padding(len(segment))
	for range sixes {
		segment = append(segment, empty6...)
	}
	for range fives {
		segment = append(segment, empty5...)
	}
	return segment
}
