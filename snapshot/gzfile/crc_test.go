package gzfile

import (
	"hash/crc32"
	"testing"
)

func TestCRCSum(t *testing.T) {
	b := append(text(1, 3*mib), make([]byte, 2*mib)...)
	for _, poly := range []uint32{crc32.IEEE, crc32.Castagnoli} {
		table := crc32.MakeTable(poly)
		for _, cuts := range [][]int{{0}, {1}, {mib, 2 * mib}, {5, 5, 100, mib + 5}, {4 * mib}} {
			sum, from := newCRCSum(poly), 0
			for _, to := range append(cuts, len(b)) {
				sum.add(crc32.Checksum(b[from:to], table), int64(to-from))
				from = to
			}
			if want := crc32.Checksum(b, table); sum.crc != want {
				t.Errorf("cut at %v: got %08x, want %08x", cuts, sum.crc, want)
			}
		}
	}
}

func TestPadding(t *testing.T) {
	for n := range 3 * Align {
		fives, sixes := countPadding(n)
		if got := n + 5*fives + 6*sixes; got%Align != 0 || got-n >= Align+20 || fives < 0 {
			t.Fatalf("%d bytes are padded to %d, want a multiple of Align, less than Align+20 bytes more", n, got)
		}
	}
}
