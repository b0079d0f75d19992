package gzfile

import (
	"io"
	"sync/atomic"

	"vmterminal/snapshot/durable/guard"
)

// A Cloner makes parts of a new file share blocks with parts of an older one, which another
// process may be writing to at the same time.
type Cloner struct {
	// Clone makes n bytes of the new file share the blocks of n bytes of the older one. to
	// and from are the offsets in these files; like n, they are multiples of Align. An
	// error that wraps errors.ErrUnsupported means that these files cannot share blocks.
	Clone func(to, from, n int64) error
	// NewFile reads the new file.
	NewFile io.ReaderAt

	unsupported atomic.Bool
}

// isUsable reports whether cloning is worth trying.
func (c *Cloner) isUsable() bool { return c != nil && !c.unsupported.Load() }

// clone clones len(buf) bytes, reads them into buf for the caller to check, and
// reports whether it could read them all. It reads the new file, which no other
// process has open, because the older one may change between a read and the clone.
func (c *Cloner) clone(buf []byte, to int64, older io.ReaderAt, from int64) (read bool, err error) {
	if err := c.Clone(to, from, int64(len(buf))); err != nil {
		return false, err
	}
	in, at := c.NewFile, to
	if !guard.On(guard.CloneRead) {
		in, at = older, from
	}
	n, _ := in.ReadAt(buf, at)
	return n == len(buf), nil
}
