package diskfile

import "os"

// writeBehind is how many bytes are written before the system is asked to put
// them onto the disk.
const writeBehind = 16 << 20

// WriteBehind is a new file that reaches the disk while it grows, so that the
// fsync at its end has little left to wait for. It is meant to be written from
// its start to its end; what is written elsewhere is as safe, but waits for the
// fsync. Not for use by several goroutines.
type WriteBehind struct {
	*os.File
	// Forget lets the system's memory go of what is on the disk: a file larger
	// than what is read of it soon should not push out what others use. New
	// memory for each page is also what writing a large file costs most.
	Forget bool

	before, start int64 // from before to start is on its way to the disk
}

// WriteAt is io.WriterAt's. What the disk refused of earlier writes may be told
// by a later one.
func (w *WriteBehind) WriteAt(p []byte, off int64) (int, error) {
	n, err := w.File.WriteAt(p, off)
	end := off + int64(n)
	if err != nil || end-w.start < writeBehind {
		return n, err
	}
	beginWriteback(w.File, w.start, end)
	if w.Forget {
		err = forget(w.File, w.before, w.start)
	}
	w.before, w.start = w.start, end
	return n, err
}
