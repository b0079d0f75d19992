package supervisor

import (
	"context"
	"time"

	"vmterminal/vm/qcow2"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

// writeTracking tracks the guest's writes since the point in time of a snapshot. It is
// lost when QEMU or the supervisor exits; then the next snapshot only takes longer.
type writeTracking struct {
	control  *qmp.Client // connection to the QEMU with the bitmap; nil without a bitmap
	bitmap   string
	snapshot client.SnapshotRef
	earlier  []qcow2.Range // further changes, from before QEMU was started
	writes   int64         // see qemu.PointInTime
}

// forClient returns t if it belongs to the QEMU that control is connected to, and
// otherwise the zero value.
func (t writeTracking) forClient(control *qmp.Client) writeTracking {
	if control == nil || t.control != control {
		return writeTracking{}
	}
	return t
}

func (m *machine) trackingFor(control *qmp.Client) writeTracking {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tracking.forClient(control)
}

// replaceTracking starts tracking with the bitmap of a point in time that became a
// snapshot, and removes the previous bitmap. If the removal fails, it only wastes memory.
func (m *machine) replaceTracking(ctx context.Context, p *qemu.PointInTime, now writeTracking) {
	p.KeepBitmap()
	m.mu.Lock()
	before := m.tracking.forClient(now.control)
	m.tracking = now
	m.mu.Unlock()
	if before.bitmap != "" {
		_ = qemu.RemoveBitmap(ctx, now.control, before.bitmap)
	}
}

// writeCountTimeout is how long a state request waits for QEMU's count of writes.
const writeCountTimeout = 300 * time.Millisecond

// unchangedSince returns the ID of the snapshot since which the guest has not written,
// or "" if no such snapshot exists or QEMU does not answer in time.
func (m *machine) unchangedSince(ctx context.Context) string {
	m.mu.Lock()
	t := m.tracking.forClient(m.qmp)
	m.mu.Unlock()
	if t.control == nil || t.writes < 0 {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, writeCountTimeout)
	defer cancel()
	n, err := qemu.WriteCount(ctx, t.control)
	if err != nil || n != t.writes {
		return ""
	}
	return t.snapshot.ID
}
