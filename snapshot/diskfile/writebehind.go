package diskfile

import "os"

// writebackInterval is how many bytes are written between two requests for writeback.
const writebackInterval = 16 << 20

// WriteBehind is a new file whose writeback starts while it grows, so that the final fsync
// has little to wait for. It should be written in sequence; other writes are just as safe,
// but leave more to the fsync. It is not safe for concurrent use.
type WriteBehind struct {
	*os.File
	// DropCache drops written pages from the page cache, so that a large file does not
	// displace the pages of others. It also makes writing cheaper, as most of the cost is
	// allocating memory for each page.
	DropCache bool

	before, start int64 // writeback of this range has started
}

// WriteAt implements io.WriterAt. It may return the error of the writeback of earlier
// writes.
func (w *WriteBehind) WriteAt(p []byte, off int64) (int, error) {
	n, err := w.File.WriteAt(p, off)
	end := off + int64(n)
	if err != nil || end-w.start < writebackInterval {
		return n, err
	}
	startWriteback(w.File, w.start, end)
	if w.DropCache {
		err = dropCache(w.File, w.before, w.start)
	}
	w.before, w.start = w.start, end
	return n, err
}
