package console

import (
	"bytes"
	"unicode/utf8"
)

// maxSeek limits the search for the start of a line, in bytes.
const maxSeek = 4 << 10

// A ring stores the last len(buf) bytes written. Positions count from the first byte ever
// written.
type ring struct {
	buf []byte
	end int64
}

func (r *ring) oldest() int64 { return max(0, r.end-int64(len(r.buf))) }

func (r *ring) write(p []byte) {
	size := len(r.buf)
	if skip := len(p) - size; skip > 0 {
		r.end += int64(skip)
		p = p[skip:]
	}
	at := int(r.end % int64(size))
	n := copy(r.buf[at:], p)
	copy(r.buf, p[n:])
	r.end += int64(len(p))
}

// read copies stored bytes to p, starting at pos, which must be in [oldest, end].
func (r *ring) read(p []byte, pos int64) int {
	n := int(min(int64(len(p)), r.end-pos))
	at := int(pos % int64(len(r.buf)))
	m := copy(p[:n], r.buf[at:])
	copy(p[m:n], r.buf)
	return n
}

// startNear returns the position near pos at which a replay should start: pos itself if a
// line starts there, otherwise as defined by LineStart.
func (r *ring) startNear(pos int64) int64 {
	pos = max(pos, r.oldest())
	if pos == 0 || pos >= r.end {
		return min(pos, r.end)
	}
	// The byte before pos shows whether a line starts at pos.
	from := max(pos-1, r.oldest())
	excerpt := make([]byte, min(maxSeek, r.end-from))
	r.read(excerpt, from)
	if from < pos && excerpt[0] == '\n' {
		return pos
	}
	excerpt = excerpt[pos-from:]
	return pos + int64(LineStart(excerpt, int(r.end-pos)))
}

// LineStart returns how many bytes of text to skip so that the rest begins with a line, or at
// least with a whole character. text is the beginning of an excerpt that is total bytes long.
// A line counts only if it starts in the first half, so that a short text is not dropped.
func LineStart(text []byte, total int) int {
	text = text[:min(len(text), maxSeek)]
	if i := bytes.IndexByte(text[:min(len(text), (total+1)/2)], '\n'); i >= 0 {
		return i + 1
	}
	for i := 0; i < min(len(text), utf8.UTFMax); i++ {
		if utf8.RuneStart(text[i]) {
			return i
		}
	}
	return 0
}

// LastLines returns the last lines of a text, including an incomplete last line.
func LastLines(text []byte, lines int) []byte {
	at := len(text)
	for ; lines > 0 && at >= 0; lines-- {
		at = bytes.LastIndexByte(text[:at], '\n')
	}
	return text[at+1:]
}
