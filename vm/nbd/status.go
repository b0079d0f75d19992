package nbd

import (
	"encoding/binary"
	"fmt"
	"sync"
)

const (
	// stateZero is the flag of base:allocation for what reads as zeros. The
	// other one, hole, promises nothing about the content.
	stateZero = 1 << 1
	// maxAsk is the longest range asked about at once.
	maxAsk = 1 << 31
)

// statusCache keeps the newest answer: it often tells of many ranges.
type statusCache struct {
	mu         sync.Mutex
	start, end int64
	data       []piece // the ranges between start and end that may hold data, in order
}

// NextData returns the first range at or after off that may hold something
// other than zeros; start == Size() when there is none. If the server cannot
// tell, all is data.
func (e *Export) NextData(off int64) (start, end int64, err error) {
	if off < 0 {
		return 0, 0, fmt.Errorf("look for data at byte %d", off)
	}
	if off < e.Size() && !e.terms.mapped {
		return off, e.Size(), nil
	}
	s := &e.status
	s.mu.Lock()
	defer s.mu.Unlock()
	for off < e.Size() {
		if off < s.start || off >= s.end {
			if err := e.fetch(s, off); err != nil {
				return 0, 0, fmt.Errorf("look for data at byte %d: %w", off, err)
			}
		}
		for _, p := range s.data {
			if p.end > off {
				return max(p.start, off), p.end, nil
			}
		}
		off = s.end
	}
	return e.Size(), e.Size(), nil
}

// fetch asks about what follows off. The caller holds the cache's lock.
func (e *Export) fetch(s *statusCache, off int64) error {
	c := &call{command: cmdBlockStatus, off: off, length: min(maxAsk, e.Size()-off)}
	if err := e.ask(c); err != nil {
		return err
	}
	data, end, err := ranges(c.extents, off, off+c.length, e.Size())
	if err != nil {
		return err
	}
	s.start, s.end, s.data = off, end, data
	return nil
}

// ranges makes the ranges of data of a block status, and tells how far it
// reaches. Only its last extent may go beyond limit, what was asked about.
func ranges(extents []byte, off, limit, size int64) (data []piece, end int64, err error) {
	for ; len(extents) >= 8; extents = extents[8:] {
		length := int64(binary.BigEndian.Uint32(extents))
		if length == 0 || off >= limit {
			return nil, 0, fmt.Errorf("%w: an extent of %d bytes at %d", ErrProtocol, length, off)
		}
		next := min(off+length, size)
		if binary.BigEndian.Uint32(extents[4:])&stateZero == 0 {
			if n := len(data); n > 0 && data[n-1].end == off {
				data[n-1].end = next
			} else {
				data = append(data, piece{off, next})
			}
		}
		off = next
	}
	return data, off, nil
}
