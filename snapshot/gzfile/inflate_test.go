package gzfile

import (
	"bytes"
	"errors"
	"testing"

	stdflate "compress/flate"
)

// TestInflate decompresses the output of Go's deflate for many contents and levels, into
// buffers that have the right length, or are too small or too large.
func TestInflate(t *testing.T) {
	contents := map[string][]byte{
		"nothing": nil, "a byte": {1}, "text": text(1, 80_000), "noise": random(1, 70_000),
		"zeros": make([]byte, 100_000), "pairs": bytes.Repeat([]byte("ab"), 3000),
		"sevens": bytes.Repeat([]byte("abcdefg"), 3000), "skewed": skewed(80_000),
		"both": append(random(2, 5000), text(2, 5000)...),
	}
	d := new(inflater)
	for name, content := range contents {
		for _, level := range []int{stdflate.HuffmanOnly, 0, 1, 6, 9} {
			var b bytes.Buffer
			w, err := stdflate.NewWriter(&b, level)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write(content)
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			for _, room := range []int{len(content), len(content) + 1, len(content) + 5000} {
				dst := make([]byte, room)
				n, whole, err := d.inflate(dst, b.Bytes())
				if err != nil || whole != b.Len() || !bytes.Equal(dst[:n], content) {
					t.Fatalf("%s, level %d, buffer of %d: got %d of %d bytes, %v", name, level, room, n, len(content), err)
				}
			}
			if len(content) == 0 {
				continue
			}
			if _, _, err := d.inflate(make([]byte, len(content)-1), b.Bytes()); !errors.Is(err, errSegmentTooLong) {
				t.Errorf("%s, level %d, small buffer: got error %v, want error %v", name, level, err, errSegmentTooLong)
			}
			for cut := 1; cut <= min(b.Len(), 9); cut++ {
				if _, _, err := d.inflate(make([]byte, len(content)), b.Bytes()[:b.Len()-cut]); err == nil && cut < 5 {
					t.Errorf("%s, level %d: cut by %d bytes: got no error, want one", name, level, cut)
				}
			}
		}
	}
}

// skewed returns bytes whose Huffman codes have all lengths.
func skewed(n int) []byte {
	b := random(9, n)
	for i, x := range b {
		zeros := byte(0)
		for y := uint32(x)<<8 | uint32(b[(i+1)%n]) | 1<<16; y&1 == 0; y >>= 1 {
			zeros++
		}
		b[i] = zeros * 7
	}
	return b
}
