package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/qcow2"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

const (
	fillDelay           = 30 * time.Second       // for a guest without an agent to boot
	fillRetryInterval   = 10 * time.Second       // after the first problem; it doubles each time
	maxFillRetry        = 10 * time.Minute       // each attempt reads all that has been filled in
	fillReportInterval  = 500 * time.Millisecond // between two events with the progress
	settleRetryInterval = 100 * time.Millisecond // while a point in time is being read
	settleInterruptWait = 10 * time.Second       // for a settling to make way for a point in time
	sourceRetryInterval = time.Second            // QEMU reconnects only after a while
	sourceRetryTimeout  = 2 * time.Minute
	recoverTimeout      = time.Minute // QEMU may not answer until it gives up on a lost source
)

// lazyState is the state of a machine whose disk is lazy.
type lazyState struct {
	disk *LazyDisk // as it was at the start, or nil; see machine.lazyDisk

	cancel  context.CancelFunc // ends serving and filling
	running sync.WaitGroup
	resumed chan struct{} // receives a value when the guest is resumed: a problem may be solved

	earlier []qcow2.Range // what the overlay had before QEMU was started

	// switchMu is held while the guest is paused so that its disk can be replaced, and while
	// the guest is paused or resumed for another reason.
	switchMu    sync.Mutex
	isSwitching atomic.Bool
	isStuck     bool // a failed switch could not be reverted; guarded by switchMu

	isComplete atomic.Bool // QEMU no longer uses disk as a lazy one

	// mu makes reserving the disk for settling and setting interrupt one step.
	mu        sync.Mutex
	interrupt context.CancelFunc // makes a settling give way; nil without one
}

// stop ends everything that serves or fills the disk, and waits for it.
func (l *lazyState) stop() {
	if l.cancel != nil {
		l.cancel()
	}
	l.running.Wait()
}

// openLazyDisk opens the disk if it is lazy.
func (m *machine) openLazyDisk() (err error) {
	if m.spec.OpenLazy != nil {
		m.lazy.disk, err = m.spec.OpenLazy()
	}
	return err
}

// lazyDisk returns the disk if it is lazy, and otherwise nil.
func (m *machine) lazyDisk() *LazyDisk {
	if m.lazy.isComplete.Load() {
		return nil
	}
	return m.lazy.disk
}

// serveSource serves the source of a lazy disk until stop.
func (m *machine) serveSource() error {
	lazy := m.lazyDisk()
	if lazy == nil {
		return nil
	}
	m.setFill(func(s *client.FillState) { s.Source = lazy.Source })
	var ctx context.Context
	ctx, m.lazy.cancel = context.WithCancel(context.Background())
	if lazy.Serve == nil {
		return nil
	}
	if err := removeFile(m.sockets.Source()); err != nil {
		return err
	}
	l, err := Listen(m.sockets.Source())
	if err != nil {
		return err
	}
	m.lazy.running.Go(func() {
		err := lazy.Serve(ctx, l, func(p client.FillProblem) {
			m.setFill(func(s *client.FillState) { s.Problem = p })
		})
		if err != nil && ctx.Err() == nil {
			m.noteLog.writeNote("the source of the disk is no longer served: " + err.Error())
		}
	})
	return nil
}

// lazyArgs returns the lazy disk for QEMU, or nil.
func (m *machine) lazyArgs() *qemu.LazyDisk {
	lazy := m.lazyDisk()
	if lazy == nil {
		return nil
	}
	l := &qemu.LazyDisk{Overlay: lazy.Overlay, Image: lazy.Image, ImageFormat: lazy.ImageFormat}
	if lazy.Serve != nil {
		l.Socket = m.sockets.Source()
	}
	return l
}

// setFill changes the state of the lazy disk.
func (m *machine) setFill(change func(*client.FillState)) {
	m.state.update(client.EventFill, func(s *client.State) {
		if m.lazyDisk() == nil {
			return
		}
		var now client.FillState
		if s.Fill != nil {
			now = *s.Fill
		}
		change(&now)
		s.Fill = &now
	})
}

// trackFromStart records what the guest changes since the snapshot that is the source of its
// lazy disk, so that the next snapshot reads only that. The guest must not have run yet. If
// that fails, the next snapshot reads the whole disk.
func (m *machine) trackFromStart(ctx context.Context) {
	lazy := m.lazyDisk()
	if lazy == nil || lazy.Snapshot.ID == "" {
		return
	}
	control, name := m.currentQMP(), qemu.BitmapName(rand.Text())
	if err := qemu.AddBitmap(ctx, control, name); err != nil {
		return
	}
	m.mu.Lock()
	m.tracking = writeTracking{control: control, bitmap: name, snapshot: lazy.Snapshot, earlier: m.lazy.earlier, writes: -1}
	m.mu.Unlock()
}

// loadOverlay reads from the overlay what the guest has changed in earlier runs. No QEMU may be
// using the overlay.
func (m *machine) loadOverlay() error {
	lazy := m.lazyDisk()
	if lazy == nil {
		m.lazy.earlier = nil
		return nil
	}
	o, err := qcow2.Open(lazy.Overlay)
	if errors.Is(err, qcow2.ErrDamaged) || errors.Is(err, qcow2.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", lazydisk.ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = o.Close() }() // read-only
	m.lazy.earlier, err = o.Allocated()
	return err
}

// startFilling fills in the lazy disk in the background until the VM begins to stop.
func (m *machine) startFilling() {
	lazy := m.lazyDisk()
	if lazy == nil || lazy.Fill == nil || m.state.get().Fill == nil {
		return
	}
	ctx, cancel := context.WithCancel(m.shutdown.started)
	stop := m.lazy.cancel
	m.lazy.cancel = func() { cancel(); stop() }
	m.lazy.running.Go(func() {
		m.waitForBoot(ctx)
		for retry := fillRetryInterval; ctx.Err() == nil; retry = min(2*retry, maxFillRetry) {
			err := m.fill(ctx)
			if err == nil || ctx.Err() != nil {
				return
			}
			problem := client.FillProblem{Code: client.FillFailed, Detail: err.Error()}
			if known := (*FillError)(nil); errors.As(err, &known) {
				problem = known.FillProblem
			} else if m.spec.Room != nil && m.spec.Room(0) != nil {
				problem.Code = client.FillNoSpace
			}
			m.noteLog.writeNote(fmt.Sprintf("the disk is not filled in: %s %s", problem.Code, problem.Detail))
			m.setFill(func(s *client.FillState) { s.Problem = problem })
			select {
			case <-time.After(retry):
			case <-m.lazy.resumed:
				retry = fillRetryInterval / 2 // doubled for the next attempt
			case <-ctx.Done():
			}
		}
	})
}

// waitForBoot waits until the guest's agent answers, or for fillDelay, because filling in the
// disk would slow down the boot.
func (m *machine) waitForBoot(ctx context.Context) {
	events, unsubscribe := m.state.subscribe()
	defer unsubscribe()
	timeout := time.After(fillDelay)
	for {
		select {
		case e := <-events:
			if e.State.Agent {
				return
			}
		case <-timeout:
			return
		case <-ctx.Done():
			return
		}
	}
}

// fill fills in the disk and makes it the guest's disk.
func (m *machine) fill(ctx context.Context) error {
	lazy, start := m.lazy.disk, time.Now()
	var reported time.Time
	err := lazy.Fill(ctx, func(done, total int64) {
		if done < total && time.Since(reported) < fillReportInterval {
			return
		}
		reported = time.Now()
		m.setFill(func(s *client.FillState) {
			s.Total = total
			if done <= s.Done {
				return // a retry, which begins with what is there
			}
			s.Done = done
			if s.Problem.Code != client.FillDamaged { // the damage may be elsewhere
				s.Problem = client.FillProblem{}
			}
		})
	})
	if err != nil {
		return err
	}
	m.log.Debug("disk filled in", "duration", time.Since(start))
	m.setFill(func(s *client.FillState) { s.Problem = client.FillProblem{} })
	for {
		again, err := m.settle(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// settle makes the filled disk the guest's disk. again reports that a point in time took
// precedence.
func (m *machine) settle(ctx context.Context) (again bool, err error) {
	waiting, interrupt := context.WithCancel(ctx)
	defer interrupt()
	if err := m.takeSettlingSlot(ctx, interrupt); err != nil {
		return false, err
	}
	defer m.returnSettlingSlot()
	control := m.currentQMP()
	if control == nil {
		return false, fmt.Errorf("%w: QEMU is not connected", client.ErrBusy)
	}
	if err := m.checkDiskInPlace(); err != nil {
		return false, err
	}
	if err := m.revertStuckSwitch(waiting, control); err != nil {
		return false, err
	}
	changes := qemu.BitmapName(rand.Text())
	s, err := qemu.BeginSettling(waiting, control, m.spec.Dir.Disk(), m.lazy.disk.Size, changes)
	if err == nil {
		if err = s.WaitReady(waiting); err == nil {
			err = m.switchDisk(ctx, control, s, changes)
		} else {
			err = errors.Join(err, s.Cancel())
		}
	}
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return true, nil
	}
	return false, err
}

// checkDiskInPlace returns an error if another file has replaced the disk.
func (m *machine) checkDiskInPlace() error {
	if path := m.spec.Dir.Disk(); !hasName(m.openDisk(), path) {
		return fmt.Errorf("%s was replaced by another file", path)
	}
	return nil
}

// switchDisk ends a settling that is ready. After an error the disk is still lazy, and the
// settling has been canceled.
func (m *machine) switchDisk(ctx context.Context, control *qmp.Client, s *qemu.Settling, changes string) error {
	m.lazy.switchMu.Lock()
	defer m.lazy.switchMu.Unlock()
	m.lazy.isSwitching.Store(true)
	defer func() {
		m.lazy.isSwitching.Store(false)
		m.refreshState(control)
	}()
	tracking := m.trackingFor(control)
	since := ""
	if tracking.bitmap != "" && tracking.snapshot != m.lazy.disk.Snapshot {
		since = tracking.bitmap
	}
	start := time.Now()
	switched, pause, err := s.Switch(ctx, since, func() error { return m.completeDisk(control) })
	if !switched {
		canceled := s.Cancel()
		m.lazy.isStuck = canceled != nil
		return errors.Join(err, canceled)
	}
	if err != nil {
		m.noteLog.writeNote("after the disk was filled in: " + err.Error())
	}
	m.log.Debug("disk switched", "pause", pause, "duration", time.Since(start))
	m.mu.Lock()
	if since == "" {
		m.tracking = writeTracking{}
		if m.lazy.disk.Snapshot.ID != "" {
			m.tracking = writeTracking{control: control, bitmap: changes, snapshot: m.lazy.disk.Snapshot, writes: -1}
		}
	}
	m.mu.Unlock()
	m.state.update(client.EventFill, func(s *client.State) { s.Fill = nil })
	return nil
}

// completeDisk makes the disk an ordinary one during a switch.
func (m *machine) completeDisk(control *qmp.Client) error {
	if m.currentQMP() != control {
		return fmt.Errorf("%w: QEMU has exited", client.ErrBusy)
	}
	if err := m.checkDiskInPlace(); err != nil {
		return err
	}
	err := m.lazy.disk.Complete()
	if err == nil || errors.Is(err, durable.ErrNotDurable) {
		m.lazy.isComplete.Store(true)
	}
	return err
}

// revertSwitch reverts a switch that failed and could not be reverted at once. Until then the
// guest is paused, and must not write to the disk, which is still lazy. The caller must hold
// switchMu.
func (m *machine) revertSwitch(ctx context.Context, control *qmp.Client) error {
	if !m.lazy.isStuck {
		return nil
	}
	_, err := qemu.CancelSettling(ctx, control)
	m.lazy.isStuck = err != nil
	return err
}

func (m *machine) revertStuckSwitch(ctx context.Context, control *qmp.Client) error {
	m.lazy.switchMu.Lock()
	defer m.lazy.switchMu.Unlock()
	return m.revertSwitch(ctx, control)
}

// awaitSwitch waits until no switch is in progress. If QEMU has exited, none begins until the next
// QEMU is connected.
func (m *machine) awaitSwitch() {
	m.lazy.switchMu.Lock()
	m.lazy.isStuck = false
	m.lazy.switchMu.Unlock()
}

// takeSettlingSlot reserves the disk for settling.
func (m *machine) takeSettlingSlot(ctx context.Context, interrupt context.CancelFunc) error {
	for !m.trySettlingSlot(interrupt) {
		select {
		case <-time.After(settleRetryInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (m *machine) trySettlingSlot(interrupt context.CancelFunc) bool {
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	select {
	case <-m.pointInTimeSlot:
		m.lazy.interrupt = interrupt
		return true
	default:
		return false
	}
}

func (m *machine) returnSettlingSlot() {
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	m.lazy.interrupt = nil
	m.pointInTimeSlot <- struct{}{}
}

// takePointInTimeSlot reserves the disk for a point in time, and reports whether it is free. A
// settling gives way, because a person waits for the point in time.
func (m *machine) takePointInTimeSlot(ctx context.Context) bool {
	m.lazy.mu.Lock()
	select {
	case <-m.pointInTimeSlot:
		m.lazy.mu.Unlock()
		return true
	default:
	}
	interrupt := m.lazy.interrupt
	m.lazy.mu.Unlock()
	if interrupt == nil {
		return false
	}
	interrupt()
	select {
	case <-m.pointInTimeSlot:
		return true
	case <-time.After(settleInterruptWait):
	case <-ctx.Done():
	}
	return false
}

// recoverLazyDisk finishes or reverts what a lost supervisor did to a lazy disk, and makes an
// adopted guest continue that its loss has paused.
func (m *machine) recoverLazyDisk(ctx context.Context, control *qmp.Client) error {
	ctx, cancel := context.WithTimeout(ctx, recoverTimeout)
	defer cancel()
	if m.lazyDisk() == nil {
		isLazy, err := qemu.FinishSettling(ctx, control)
		if err == nil && isLazy {
			err = fmt.Errorf("%w: what its disk is filled in from is missing", client.ErrNotAnswering)
		}
		return err
	}
	isLazy, err := qemu.CancelSettling(ctx, control)
	if err != nil {
		return err
	}
	if !isLazy { // another file has replaced the disk
		m.lazy.isComplete.Store(true)
		m.state.update(client.EventFill, func(s *client.State) { s.Fill = nil })
		return nil
	}
	m.lazy.running.Go(func() { m.resumeAfterSourceLoss(m.shutdown.started, control) })
	return nil
}

// resumeAfterSourceLoss resumes a guest that is paused because its source was not served. QEMU
// refuses until it has connected to the source again.
func (m *machine) resumeAfterSourceLoss(ctx context.Context, control *qmp.Client) {
	ctx, cancel := context.WithTimeout(ctx, sourceRetryTimeout)
	defer cancel()
	for {
		var status struct {
			Status string `json:"status"`
		}
		if control.Do(ctx, "query-status", nil, &status) != nil {
			return
		}
		if status.Status == "io-error" {
			_ = m.runQMPCommand(ctx, requestTimeout, "cont")
		}
		select {
		case <-time.After(sourceRetryInterval):
		case <-ctx.Done():
			return
		}
	}
}
