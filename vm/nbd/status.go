package nbd

import (
	"encoding/binary"
	"fmt"
)

const (
	// stateZero is the flag of base:allocation for what reads as zeros. The
	// other one, hole, promises nothing about the content.
	stateZero = 1 << 1
	// maxAsk is the longest range asked about at once.
	maxAsk = 1 << 31
)

// Range is a part of a disk, in bytes; End is the first byte after it.
type Range struct{ Start, End int64 }

// Data asks once where there is data from off on: what lies outside the ranges
// returned, up to end, reads as zeros. end is after off and says how far the
// server told; at or after Size() it is off. If the server cannot tell, all is
// data.
func (e *Export) Data(off int64) (data []Range, end int64, err error) {
	switch {
	case off < 0:
		return nil, 0, fmt.Errorf("look for data at byte %d", off)
	case off >= e.Size():
		return nil, off, nil
	case !e.terms.mapped:
		return []Range{{off, e.Size()}}, e.Size(), nil
	}
	c := &call{command: cmdBlockStatus, off: off, length: min(maxAsk, e.Size()-off)}
	e.begin(c)
	<-c.done
	err = c.err
	if err == nil {
		data, end, err = ranges(c.extents, off, off+c.length, e.Size())
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look for data at byte %d: %w", off, err)
	}
	return data, end, nil
}

// ranges makes the ranges of data of a block status, and tells how far it
// reaches. Only its last extent may go beyond limit, what was asked about.
func ranges(extents []byte, off, limit, size int64) (data []Range, end int64, err error) {
	for ; len(extents) >= 8; extents = extents[8:] {
		length := int64(binary.BigEndian.Uint32(extents))
		if length == 0 || off >= limit {
			return nil, 0, fmt.Errorf("%w: an extent of %d bytes at %d", ErrProtocol, length, off)
		}
		next := min(off+length, size)
		if binary.BigEndian.Uint32(extents[4:])&stateZero == 0 {
			if n := len(data); n > 0 && data[n-1].End == off {
				data[n-1].End = next
			} else {
				data = append(data, Range{off, next})
			}
		}
		off = next
	}
	return data, off, nil
}
