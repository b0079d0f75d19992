package wire

import (
	"bytes"
	"hash/crc32"
)

// lookInside is how many times over the bytes of a stream may be summed for
// nothing, to find frames inside of damaged ones. A liar's headers over headers
// would otherwise cost a checksum of MaxPayload for each 32 bytes sent.
const lookInside = 8

// A Decoder finds the frames in a stream of bytes that may hold anything else.
// It keeps at most one unfinished frame and what was fed last. The zero value
// is ready. Not for use by several goroutines.
type Decoder struct {
	buf []byte
	// budget is how many bytes may be summed in vain. It comes with the bytes
	// fed, not with frames: these a liar can make as well.
	budget int
}

// Feed adds bytes of the stream; it keeps no reference to p. Drain with Next
// before feeding again, or the buffer grows.
func (d *Decoder) Feed(p []byte) {
	d.buf = append(d.buf, p...)
	d.budget = min(d.budget+lookInside*len(p), lookInside*MaxPayload)
}

// Next returns the next whole frame, or false when more bytes are needed. The
// payload belongs to the caller.
func (d *Decoder) Next() (Frame, bool) {
	for {
		d.seek()
		if len(d.buf) < headerSize {
			return Frame{}, false
		}
		f, length, sum, ok := parseHeader(d.buf)
		if !ok {
			d.drop(1)
			continue
		}
		whole := headerSize + length
		if len(d.buf) < whole {
			return Frame{}, false
		}
		payload := d.buf[headerSize:whole]
		if crc32.Checksum(payload, castagnoli) != sum {
			d.skipDamaged(whole)
			continue
		}
		f.Payload = bytes.Clone(payload)
		d.drop(whole)
		return f, true
	}
}

// Pending tells whether a frame has begun and is not whole. Call it after Next
// has returned false.
func (d *Decoder) Pending() bool { return len(d.buf) > 0 }

// GiveUp drops the start of the unfinished frame, so that Next looks for one
// behind it.
func (d *Decoder) GiveUp() {
	if len(d.buf) > 0 {
		d.drop(1)
	}
}

// skipDamaged leaves a frame whose payload is not what its header says: most
// likely it was cut and the next frames stand where its payload should.
func (d *Decoder) skipDamaged(whole int) {
	if d.budget < whole {
		d.drop(whole)
		return
	}
	d.budget -= whole
	d.drop(1)
}

// seek drops what cannot be the start of a frame.
func (d *Decoder) seek() {
	for {
		at := bytes.IndexByte(d.buf, mark[0])
		if at < 0 {
			d.drop(len(d.buf))
			return
		}
		d.drop(at)
		n := min(len(d.buf), len(mark))
		if bytes.Equal(d.buf[:n], mark[:n]) {
			return
		}
		d.drop(1)
	}
}

func (d *Decoder) drop(n int) {
	d.buf = d.buf[n:]
	if len(d.buf) == 0 {
		d.buf = nil
	}
}
