package qemu

import (
	"context"
	"errors"
	"sync"

	"vmterminal/vm/nbd"
	"vmterminal/vm/qcow2"
)

// An Image reads the disk of a PointInTime until the PointInTime ends. All methods may be
// called concurrently.
//
// It works around a bug in QEMU 7.2, fixed in 8.0: if a request starts in blocks that the
// guest has overwritten and ends after them, it returns new data, and blocks that the guest
// has trimmed read as zeros. So no read crosses a cluster boundary, and the data map is the
// union of the maps of the image and of the fleece.
type Image struct {
	old    *nbd.Export
	fleece *nbd.Export

	mu         sync.Mutex
	start, end int64       // the range that data covers
	data       []nbd.Range // the latest block status; it often has many ranges
}

// OpenImage opens a PointInTime's image; see [nbd.Dial] for ctx and the errors. The caller
// must call Close.
func OpenImage(ctx context.Context, socket, export string) (*Image, error) {
	old, err := nbd.Dial(ctx, socket, export)
	if err != nil {
		return nil, err
	}
	old.CutRequests(qcow2.ClusterSize)
	fleece, err := nbd.Dial(ctx, socket, export+fleeceSuffix)
	if err != nil {
		return nil, errors.Join(err, old.Close())
	}
	return &Image{old: old, fleece: fleece}, nil
}

// fleeceSuffix ends the name of the fleece's export.
const fleeceSuffix = ".fleece"

// Close closes the connections. It does not end the PointInTime.
func (m *Image) Close() error { return errors.Join(m.old.Close(), m.fleece.Close()) }

// Size returns the disk's size in bytes.
func (m *Image) Size() int64 { return m.old.Size() }

// ReadAt implements [io.ReaderAt]. If the point in time has failed, the error is an
// *nbd.Error.
func (m *Image) ReadAt(p []byte, off int64) (int, error) { return m.old.ReadAt(p, off) }

// NextData returns the first range at or after off that may contain something other than
// zeros. If no such range exists, it returns Size() twice.
func (m *Image) NextData(off int64) (start, end int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for off < m.Size() {
		if off < m.start || off >= m.end {
			if err := m.loadStatus(off); err != nil {
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

// loadStatus updates the data map from off on. The caller must hold mu. The image's block status
// is correct for every cluster that the guest has not overwritten yet. An overwritten cluster
// is in the fleece before the guest's write completes, so the block status of the fleece,
// which is queried second, includes it.
func (m *Image) loadStatus(off int64) error {
	old, oldEnd, err := m.old.Data(off)
	if err != nil {
		return err
	}
	fleece, fleeceEnd, err := m.fleece.Data(off)
	if err != nil {
		return err
	}
	m.start, m.end = off, min(oldEnd, fleeceEnd)
	m.data = mergeRanges(old, fleece, m.end)
	return nil
}

// mergeRanges merges two ordered lists of ranges, up to end.
func mergeRanges(a, b []nbd.Range, end int64) []nbd.Range {
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
