package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// beginTimeout is how long it may take to set up a point in time. It is longer than a
// guest that does not answer can delay freezing and thawing, so that such a guest
// makes the point in time crash-consistent but does not make it fail.
const beginTimeout = time.Minute

// activePointInTime is a point in time that is being read.
type activePointInTime struct {
	client.PointInTime
	// recordSnapshot records the snapshot created from it. It must not be called after
	// end.
	recordSnapshot func(context.Context, client.SnapshotRef)
	// end removes the point in time, so that another can be created.
	end func() error
}

// beginPointInTime creates a point in time; the caller must end it. initial means that the
// guest has not run yet, so there is nothing to freeze.
func (m *machine) beginPointInTime(ctx context.Context, initial bool) (*activePointInTime, error) {
	if m.shutdown.isStarted() {
		return nil, fmt.Errorf("%w: the VM is stopping", client.ErrBusy)
	}
	control := m.currentQMP()
	if control == nil {
		return nil, fmt.Errorf("%w: the VM is still starting", client.ErrBusy)
	}
	if err := m.runQMPCommand(ctx, requestTimeout, "query-status"); err != nil {
		return nil, err // QEMU would not answer the next commands either
	}
	if !m.takePointInTimeSlot(ctx) {
		return nil, fmt.Errorf("%w: another snapshot is reading the disk", client.ErrBusy)
	}
	since := m.trackingFor(control)
	id := rand.Text()
	opt := qemu.Options{
		Fleece: m.spec.Dir.Fleece(), Socket: m.sockets.NBD(),
		Track: qemu.BitmapName(id), Since: since.bitmap,
	}
	var notFrozen error
	switch {
	case initial:
	case m.state.get().State == client.Paused:
		notFrozen = client.ErrPaused
	default:
		opt.Freeze, opt.Thaw, notFrozen = m.agent.freezeFuncs(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	p, err := qemu.BeginPointInTime(ctx, control, opt)
	if errors.Is(err, qemu.ErrInProgress) && m.cleanPointInTime(ctx) == nil {
		p, err = qemu.BeginPointInTime(ctx, control, opt)
	}
	if err != nil {
		m.pointInTimeSlot <- struct{}{}
		return nil, err
	}
	if p.NotFrozen != nil {
		notFrozen = p.NotFrozen
	}
	if notFrozen != nil {
		m.noteLog.writeNote("a snapshot is only crash-consistent: " + notFrozen.Error())
	}
	m.state.update(client.EventPointInTime, func(s *client.State) { s.PointInTime = true })
	r := &activePointInTime{PointInTime: client.PointInTime{ID: id, Socket: p.Socket, Export: p.Export, Size: p.Size, Taken: client.TakenCrash, NotFrozen: notFrozenReason(notFrozen), FrozenFor: p.FrozenFor}}
	switch {
	case initial:
		r.Taken = client.TakenStopped
		r.DiskInode, r.DiskModified = inodeOf(m.openDisk()), modTimeOf(m.openDisk())
	case p.Taken == qemu.Frozen:
		r.Taken = client.TakenFrozen
	}
	if p.Changes != "" {
		r.Changes, r.Since, r.Earlier = p.Changes, since.snapshot, since.earlier
	}
	r.recordSnapshot = func(ctx context.Context, s client.SnapshotRef) {
		if p.Tracked {
			m.replaceTracking(ctx, p, writeTracking{control: control, bitmap: opt.Track, snapshot: s, writes: p.Writes})
		}
	}
	r.end = func() error {
		err := p.End(context.Background())
		m.state.update(client.EventPointInTime, func(s *client.State) { s.PointInTime = false })
		m.pointInTimeSlot <- struct{}{}
		return err
	}
	return r, nil
}

func notFrozenReason(err error) client.NotFrozen {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, client.ErrPaused):
		return client.NotFrozenPaused
	case errors.Is(err, qemu.ErrThawedBefore):
		return client.NotFrozenThawedEarly
	case errors.Is(err, qemu.ErrStillFrozen):
		return client.NotFrozenUnconfirmed
	case errors.As(err, new(*agent.GuestError)):
		return client.NotFrozenRefused
	default:
		return client.NotFrozenNoAgent
	}
}

// cleanPointInTime removes a leftover point in time from QEMU and stops tracking
// changes.
func (m *machine) cleanPointInTime(ctx context.Context) error {
	m.mu.Lock()
	control := m.qmp
	m.tracking = writeTracking{}
	m.mu.Unlock()
	err := qemu.CleanPointInTime(ctx, control)
	return errors.Join(err, removeFile(m.spec.Dir.Fleece()))
}
