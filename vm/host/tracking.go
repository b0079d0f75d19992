package host

import (
	"context"
	"time"

	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// tracking is what QEMU notes of the guest's writes since a point in time that
// became a snapshot. It is lost with QEMU, and with the host process: then
// nothing is known, which costs time and no more.
type tracking struct {
	control  *qmp.Client // to the QEMU that has the bitmap; nil: there is none
	bitmap   string
	snapshot SnapshotRef
	writes   int64 // see qemu.PointInTime
}

// of returns the tracking as far as it is that of the QEMU behind control.
func (t tracking) of(control *qmp.Client) tracking {
	if control == nil || t.control != control {
		return tracking{}
	}
	return t
}

func (m *machine) tracked(control *qmp.Client) tracking {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.track.of(control)
}

// keepTrack makes the bitmap of a point in time that became a snapshot the one
// that counts. The one before is removed; should that fail it only wastes a
// little memory of QEMU's.
func (m *machine) keepTrack(ctx context.Context, p *qemu.PointInTime, now tracking) {
	p.Keep()
	m.mu.Lock()
	before := m.track.of(now.control)
	m.track = now
	m.mu.Unlock()
	if before.bitmap != "" {
		_ = qemu.RemoveBitmap(ctx, now.control, before.bitmap)
	}
}

// countLimit is how long State waits for QEMU's count of writes.
const countLimit = 300 * time.Millisecond

// unchangedSince is the ID of the snapshot since whose moment the guest has
// written nothing, "" if there is none or QEMU does not say in time.
func (m *machine) unchangedSince(ctx context.Context) string {
	m.mu.Lock()
	t := m.track.of(m.qmp)
	m.mu.Unlock()
	if t.control == nil || t.writes < 0 {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	n, err := qemu.WriteCount(ctx, t.control)
	if err != nil || n != t.writes {
		return ""
	}
	return t.snapshot.ID
}
