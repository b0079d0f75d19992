package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"vmterminal/vm/qemu"
)

// beginLimit is how long it may take to set up a point in time. It is longer
// than a guest can draw out freezing and thawing by saying nothing, so that
// this costs the frozen state and not the point in time.
const beginLimit = time.Minute

// reading is a point in time that is being read.
type reading struct {
	PointInTime
	// kept is told what snapshot it became, before the end.
	kept func(context.Context, SnapshotRef)
	// end takes it down and makes room for the next.
	end func() error
}

// beginPointInTime takes one; the caller ends it.
func (m *machine) beginPointInTime(ctx context.Context) (*reading, error) {
	if m.stopping.isBegun() {
		return nil, fmt.Errorf("%w: the VM is stopping", ErrBusy)
	}
	m.mu.Lock()
	control := m.qmp
	m.mu.Unlock()
	if control == nil {
		return nil, fmt.Errorf("%w: the VM is still starting", ErrBusy)
	}
	select {
	case <-m.slot:
	default:
		return nil, fmt.Errorf("%w: another snapshot is reading the disk", ErrBusy)
	}
	since := m.tracked(control)
	id := rand.Text()
	opt := qemu.Options{
		Fleece: m.spec.Dir.Fleece(), Socket: m.paths.NBD(),
		Track: qemu.BitmapName(id), Since: since.bitmap,
	}
	opt.Freeze, opt.Thaw = m.agent.freezer(ctx)
	ctx, cancel := context.WithTimeout(ctx, beginLimit)
	defer cancel()
	p, err := qemu.BeginPointInTime(ctx, control, opt)
	if errors.Is(err, qemu.ErrInProgress) && m.cleanPointInTime(ctx) == nil {
		p, err = qemu.BeginPointInTime(ctx, control, opt)
	}
	if err != nil {
		m.slot <- struct{}{}
		return nil, err
	}
	if p.NotFrozen != nil {
		m.note("a snapshot is only crash-consistent: " + p.NotFrozen.Error())
	}
	m.markPointInTime(true)
	r := &reading{PointInTime: PointInTime{ID: id, Socket: p.Socket, Export: p.Export, Size: p.Size, Taken: TakenCrash, Held: p.Held}}
	if p.Taken == qemu.Frozen {
		r.Taken = TakenFrozen
	}
	if p.Changes != "" {
		r.Changes, r.Since = p.Changes, since.snapshot
	}
	r.kept = func(ctx context.Context, s SnapshotRef) {
		if p.Tracked {
			m.keepTrack(ctx, p, tracking{control, opt.Track, s, p.Writes})
		}
	}
	r.end = func() error {
		err := p.End(context.Background())
		m.markPointInTime(false)
		m.slot <- struct{}{}
		return err
	}
	return r, nil
}

func (m *machine) markPointInTime(is bool) {
	m.board.update(EventPointInTime, func(s *State) { s.PointInTime = is })
}

// cleanPointInTime removes what an earlier one has left in QEMU, and all that
// was noted of changes.
func (m *machine) cleanPointInTime(ctx context.Context) error {
	m.mu.Lock()
	control := m.qmp
	m.track = tracking{}
	m.mu.Unlock()
	err := qemu.CleanPointInTime(ctx, control)
	return errors.Join(err, removeFile(m.spec.Dir.Fleece()))
}
