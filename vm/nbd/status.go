package nbd

import (
	"encoding/binary"
	"fmt"
)

// maxAsk is the longest range asked about at once.
const maxAsk = 1 << 31

// A mapping is what is asked about a disk's blocks: an NBD meta context, and in
// its answers the flag that tells of a block that Data is to give.
type mapping struct {
	context string
	flag    uint32
	without bool // a block is given if it has the flag not set
}

// allocation gives the blocks that do not read as zeros. Its other flag, hole
// (1), promises nothing about the content.
var allocation = mapping{context: "base:allocation", flag: 1 << 1, without: true}

// dirtyBitmap is described in docs/interop/nbd.txt of QEMU.
func dirtyBitmap(name string) mapping {
	return mapping{context: "qemu:dirty-bitmap:" + name, flag: 1 << 0}
}

func (m mapping) gives(flags uint32) bool { return flags&m.flag != 0 != m.without }

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
		data, end, err = e.mapping.ranges(c.extents, off, off+c.length, e.Size())
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look for data at byte %d: %w", off, err)
	}
	return data, end, nil
}

// ranges makes the ranges to give of a block status, and tells how far it
// reaches. Only its last extent may go beyond limit, what was asked about.
func (m mapping) ranges(extents []byte, off, limit, size int64) (data []Range, end int64, err error) {
	for ; len(extents) >= 8; extents = extents[8:] {
		length := int64(binary.BigEndian.Uint32(extents))
		if length == 0 || off >= limit {
			return nil, 0, fmt.Errorf("%w: an extent of %d bytes at %d", ErrProtocol, length, off)
		}
		next := min(off+length, size)
		if m.gives(binary.BigEndian.Uint32(extents[4:])) {
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
