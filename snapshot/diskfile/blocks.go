package diskfile

import (
	"bytes"
	"io"
)

// BlockSize is the size of the smallest hole, in bytes.
const BlockSize = 4096

var zeroBlock [BlockSize]byte

func isZero(block []byte) bool { return bytes.Equal(block, zeroBlock[:len(block)]) }

// DataBytes returns how many bytes of b are in blocks that are not all zeros, which is how
// many WriteSparse would write.
func DataBytes(b []byte) int64 {
	var n int64
	for len(b) > 0 {
		block := b[:min(BlockSize, len(b))]
		if !isZero(block) {
			n += int64(len(block))
		}
		b = b[len(block):]
	}
	return n
}

// WriteSparse writes b at offset off into a file that has a hole there. It skips blocks of zeros,
// and returns how many bytes it wrote.
func WriteSparse(w io.WriterAt, b []byte, off int64) (int64, error) {
	var written int64
	for at := 0; at < len(b); {
		end := at
		for end < len(b) && !isZero(b[end:min(end+BlockSize, len(b))]) {
			end = min(end+BlockSize, len(b))
		}
		if end == at {
			at = min(at+BlockSize, len(b))
			continue
		}
		n, err := w.WriteAt(b[at:end], off+int64(at))
		written += int64(n)
		if err != nil {
			return written, err
		}
		at = end
	}
	return written, nil
}
