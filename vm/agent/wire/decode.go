package wire

import (
	"bytes"
	"hash/crc32"
)

// resyncFactor limits the work for finding frames inside damaged frames: for each byte of
// the stream, this many bytes may be checksummed in vain. Otherwise a malicious peer
// could cause a checksum of MaxPayload bytes with each header of 32 bytes.
const resyncFactor = 8

// A Decoder finds frames in a stream that may also contain other bytes. It buffers at
// most one incomplete frame and the data of the last Feed. The zero value is ready to
// use. A Decoder is not safe for concurrent use.
type Decoder struct {
	buf []byte
	// budget is how many bytes may be checksummed in vain. Only received bytes increase
	// it, as a malicious peer can also send valid frames.
	budget int
}

// Feed adds a copy of p to the buffer. Call Next until it returns false before you call
// Feed again; otherwise the buffer grows.
func (d *Decoder) Feed(p []byte) {
	d.buf = append(d.buf, p...)
	d.budget = min(d.budget+resyncFactor*len(p), resyncFactor*MaxPayload)
}

// Next returns the next complete frame, or false if more data is needed. The caller owns
// the payload.
func (d *Decoder) Next() (Frame, bool) {
	for {
		d.seekMark()
		if len(d.buf) < headerSize {
			return Frame{}, false
		}
		f, length, sum, ok := parseHeader(d.buf)
		if !ok {
			d.discard(1)
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
		d.discard(whole)
		return f, true
	}
}

// HasIncomplete reports whether there is an incomplete frame after Next has returned false.
func (d *Decoder) HasIncomplete() bool { return len(d.buf) > 0 }

// DropIncomplete drops the start of the incomplete frame, so that Next searches for a
// frame after it.
func (d *Decoder) DropIncomplete() {
	if len(d.buf) > 0 {
		d.discard(1)
	}
}

// skipDamaged skips a frame with a wrong payload checksum. Most likely the frame was
// truncated, and its payload contains the next frames. If the budget allows it,
// skipDamaged skips only one byte, so that Next finds them.
func (d *Decoder) skipDamaged(whole int) {
	if d.budget < whole {
		d.discard(whole)
		return
	}
	d.budget -= whole
	d.discard(1)
}

// seekMark drops bytes that cannot be the start of a frame.
func (d *Decoder) seekMark() {
	for {
		at := bytes.IndexByte(d.buf, frameMark[0])
		if at < 0 {
			d.discard(len(d.buf))
			return
		}
		d.discard(at)
		n := min(len(d.buf), len(frameMark))
		if bytes.Equal(d.buf[:n], frameMark[:n]) {
			return
		}
		d.discard(1)
	}
}

func (d *Decoder) discard(n int) {
	d.buf = d.buf[n:]
	if len(d.buf) == 0 {
		d.buf = nil
	}
}
