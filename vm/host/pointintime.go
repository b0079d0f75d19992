package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"vmterminal/vm/qemu"
)

// beginLimit is how long it may take to set up a point in time.
const beginLimit = 30 * time.Second

// beginPointInTime takes one; end takes it down and makes room for the next.
func (m *machine) beginPointInTime(ctx context.Context) (pit PointInTime, end func() error, err error) {
	if m.stopping.isBegun() {
		return PointInTime{}, nil, fmt.Errorf("%w: the VM is stopping", ErrBusy)
	}
	m.mu.Lock()
	control := m.qmp
	m.mu.Unlock()
	if control == nil {
		return PointInTime{}, nil, fmt.Errorf("%w: the VM is still starting", ErrBusy)
	}
	select {
	case <-m.slot:
	default:
		return PointInTime{}, nil, fmt.Errorf("%w: another snapshot is reading the disk", ErrBusy)
	}
	ctx, cancel := context.WithTimeout(ctx, beginLimit)
	defer cancel()
	opt := qemu.Options{Fleece: m.spec.Dir.Fleece(), Socket: m.paths.NBD()}
	opt.Freeze, opt.Thaw = m.agent.freezer(ctx)
	p, err := qemu.BeginPointInTime(ctx, control, opt)
	if errors.Is(err, qemu.ErrInProgress) && m.cleanPointInTime(ctx) == nil {
		p, err = qemu.BeginPointInTime(ctx, control, opt)
	}
	if err != nil {
		m.slot <- struct{}{}
		return PointInTime{}, nil, err
	}
	m.markPointInTime(true)
	end = func() error {
		err := p.End(context.Background())
		m.markPointInTime(false)
		m.slot <- struct{}{}
		return err
	}
	taken := TakenCrash
	if p.Taken == qemu.Frozen {
		taken = TakenFrozen
	}
	return PointInTime{ID: rand.Text(), Socket: p.Socket, Export: p.Export, Size: p.Size, Taken: taken, Held: p.Held}, end, nil
}

func (m *machine) markPointInTime(is bool) {
	m.board.update(EventPointInTime, func(s *State) { s.PointInTime = is })
}

// cleanPointInTime removes what an earlier one has left in QEMU.
func (m *machine) cleanPointInTime(ctx context.Context) error {
	m.mu.Lock()
	control := m.qmp
	m.mu.Unlock()
	err := qemu.CleanPointInTime(ctx, control)
	return errors.Join(err, removeFile(m.spec.Dir.Fleece()))
}
