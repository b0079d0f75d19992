package nbd

import (
	"encoding/binary"
	"fmt"
)

// maxStatusRange is the longest range of one block status request.
const maxStatusRange = 1 << 31

// blockSelector selects the blocks that Data returns, by a flag in the block status of an NBD meta
// context.
type blockSelector struct {
	context  string
	flag     uint32
	inverted bool // select blocks without the flag
}

// allocation selects the blocks that do not read as zeros. The other flag, hole (1), says
// nothing about the contents.
var allocation = blockSelector{context: "base:allocation", flag: 1 << 1, inverted: true}

// dirtyBitmap selects the blocks marked in a bitmap; see docs/interop/nbd.txt of QEMU.
func dirtyBitmap(name string) blockSelector {
	return blockSelector{context: "qemu:dirty-bitmap:" + name, flag: 1 << 0}
}

// Range is a part of a disk, in bytes; End is the first byte after it.
type Range struct{ Start, End int64 }

// Data returns the ranges with data between off and end; outside of them, the disk reads as
// zeros. It sends one block status request, and end depends on the server's answer. end is
// greater than off; if off is at or after Size(), end is off. If the server does not support
// block status, everything is data.
func (e *Export) Data(off int64) (data []Range, end int64, err error) {
	switch {
	case off < 0:
		return nil, 0, fmt.Errorf("block status at byte %d", off)
	case off >= e.Size():
		return nil, off, nil
	case !e.terms.hasContext:
		return []Range{{off, e.Size()}}, e.Size(), nil
	}
	c := &call{command: cmdBlockStatus, off: off, length: min(maxStatusRange, e.Size()-off)}
	e.startCall(c)
	<-c.done
	err = c.err
	if err == nil {
		data, end, err = e.selector.selectRanges(c.extents, off, off+c.length, e.Size())
	}
	if err != nil {
		return nil, 0, fmt.Errorf("block status at byte %d: %w", off, err)
	}
	return data, end, nil
}

// selectRanges returns the selected ranges of a block status and the offset at which the block
// status ends. Only the last extent may reach beyond limit, the end of the request.
func (m blockSelector) selectRanges(extents []byte, off, limit, size int64) (data []Range, end int64, err error) {
	for ; len(extents) >= 8; extents = extents[8:] {
		length := int64(binary.BigEndian.Uint32(extents))
		if length == 0 || off >= limit {
			return nil, 0, fmt.Errorf("%w: extent of %d bytes at %d", ErrProtocol, length, off)
		}
		next := min(off+length, size)
		if flags := binary.BigEndian.Uint32(extents[4:]); flags&m.flag != 0 != m.inverted {
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
