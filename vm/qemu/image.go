package qemu

import (
	"context"
	"errors"
	"sync"

	"vmterminal/vm/nbd"
)

// Image is the disk of a PointInTime, for reading while it lasts. All methods
// may be called from many goroutines.
//
// It works round a fault of QEMU 7.2 (gone in 8.0), which mixes up old and new
// blocks when one request begins in what the guest has overwritten and ends
// beyond it: reads give new data, and a block that was trimmed since reads as
// zeros. So no read crosses a cluster, and where there is data is not only
// asked of the image but then of the fleece too.
type Image struct {
	old    *nbd.Export
	fleece *nbd.Export

	mu         sync.Mutex
	start, end int64       // what data tells about
	data       []nbd.Range // the newest answer: it often has many ranges
}

// OpenImage opens a PointInTime's image; see nbd.Dial for ctx and errors. The
// caller must call Close.
func OpenImage(ctx context.Context, socket, export string) (*Image, error) {
	old, err := nbd.Dial(ctx, socket, export)
	if err != nil {
		return nil, err
	}
	old.CutRequests(clusterSize)
	fleece, err := nbd.Dial(ctx, socket, fleeceExport(export))
	if err != nil {
		return nil, errors.Join(err, old.Close())
	}
	return &Image{old: old, fleece: fleece}, nil
}

// fleeceExport is the name of the export beside an image's.
func fleeceExport(export string) string { return export + ".fleece" }

// Close ends the reading, not the PointInTime.
func (m *Image) Close() error { return errors.Join(m.old.Close(), m.fleece.Close()) }

// Size is the disk's size in bytes.
func (m *Image) Size() int64 { return m.old.Size() }

// ReadAt is nbd.Export's. A point in time that broke gives an *nbd.Error.
func (m *Image) ReadAt(p []byte, off int64) (int, error) { return m.old.ReadAt(p, off) }

// NextData returns the first range at or after off that may hold something
// other than zeros; start == Size() when there is none.
func (m *Image) NextData(off int64) (start, end int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for off < m.Size() {
		if off < m.start || off >= m.end {
			if err := m.fetch(off); err != nil {
				return 0, 0, err
			}
		}
		for _, r := range m.data {
			if r.End > off {
				return max(r.Start, off), r.End, nil
			}
		}
		off = m.end
	}
	return m.Size(), m.Size(), nil
}

// fetch asks about what follows off; the caller holds mu. The image's answer is
// right for every cluster that is still the guest's own. One that was
// overwritten by then is in the fleece before the guest's write is done, so the
// fleece, asked afterwards, tells of it.
func (m *Image) fetch(off int64) error {
	old, oldEnd, err := m.old.Data(off)
	if err != nil {
		return err
	}
	kept, keptEnd, err := m.fleece.Data(off)
	if err != nil {
		return err
	}
	m.start, m.end = off, min(oldEnd, keptEnd)
	m.data = union(old, kept, m.end)
	return nil
}

// union merges two ordered lists of ranges, as far as end.
func union(a, b []nbd.Range, end int64) []nbd.Range {
	var all []nbd.Range
	for len(a) > 0 || len(b) > 0 {
		if len(a) == 0 || len(b) > 0 && b[0].Start < a[0].Start {
			a, b = b, a
		}
		r := nbd.Range{Start: a[0].Start, End: min(a[0].End, end)}
		a = a[1:]
		switch last := len(all) - 1; {
		case r.Start >= r.End:
		case last >= 0 && r.Start <= all[last].End:
			all[last].End = max(all[last].End, r.End)
		default:
			all = append(all, r)
		}
	}
	return all
}
