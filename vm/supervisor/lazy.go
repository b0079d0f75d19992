package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

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
	settleInterruptWait = 10 * time.Second       // for a settling to make way for a point in time
	sourceRetryInterval = time.Second            // QEMU reconnects only after a while
	sourceRetryTimeout  = 2 * time.Minute
)

// lazyState is the state of a machine whose disk is lazy.
type lazyState struct {
	cancel  context.CancelFunc // ends serving and filling
	running sync.WaitGroup
	resumed chan struct{} // receives a value when the guest is resumed: a problem may be solved

	earlier []qcow2.Range // what the overlay had before QEMU was started

	// switchMu is held while the guest is paused so that its disk can be replaced, and while
	// the guest is paused or resumed for another reason.
	switchMu    sync.Mutex
	isSwitching atomic.Bool

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

// serveSource serves the source of a lazy disk until stop.
func (m *machine) serveSource() error {
	lazy := m.spec.Lazy
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
	lazy := m.spec.Lazy
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
	lazy := m.spec.Lazy
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
	if m.spec.Lazy == nil {
		return nil
	}
	o, err := qcow2.Open(m.spec.Lazy.Overlay)
	if err != nil {
		return err
	}
	defer func() { _ = o.Close() }() // read-only
	m.lazy.earlier, err = o.Allocated()
	return err
}

// startFilling fills in the lazy disk in the background until the VM begins to stop.
func (m *machine) startFilling() {
	lazy := m.spec.Lazy
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
	lazy, start := m.spec.Lazy, time.Now()
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
	select {
	case <-m.pointInTimeSlot:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	waiting, interrupt := context.WithCancel(ctx)
	defer interrupt()
	m.lazy.setInterrupt(interrupt)
	defer func() {
		m.lazy.setInterrupt(nil)
		m.pointInTimeSlot <- struct{}{}
	}()
	control := m.currentQMP()
	if control == nil {
		return false, fmt.Errorf("%w: QEMU is not connected", client.ErrBusy)
	}
	changes := qemu.BitmapName(rand.Text())
	s, err := qemu.BeginSettling(waiting, control, m.spec.Dir.Disk(), m.spec.Lazy.Size, changes)
	if err == nil {
		if err = s.WaitReady(waiting); err == nil {
			err = m.switchDisk(ctx, control, s, changes)
		}
		if err != nil {
			err = errors.Join(err, s.Cancel())
		}
	}
	if waiting.Err() != nil && ctx.Err() == nil {
		return true, nil
	}
	return false, err
}

// switchDisk ends a settling that is ready.
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
	if tracking.bitmap != "" && tracking.snapshot != m.spec.Lazy.Snapshot {
		since = tracking.bitmap
	}
	start := time.Now()
	pause, err := s.Switch(ctx, since, m.spec.Lazy.Complete)
	if err != nil {
		return err
	}
	m.log.Debug("disk switched", "pause", pause, "duration", time.Since(start))
	m.mu.Lock()
	if since == "" {
		m.tracking = writeTracking{}
		if m.spec.Lazy.Snapshot.ID != "" {
			m.tracking = writeTracking{control: control, bitmap: changes, snapshot: m.spec.Lazy.Snapshot, writes: -1}
		}
	}
	m.mu.Unlock()
	m.state.update(client.EventFill, func(s *client.State) { s.Fill = nil })
	return nil
}

func (l *lazyState) setInterrupt(interrupt context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupt = interrupt
}

// takePointInTimeSlot reserves the disk for a point in time, and reports whether it is free. A
// settling gives way, because a person waits for the point in time.
func (m *machine) takePointInTimeSlot(ctx context.Context) bool {
	select {
	case <-m.pointInTimeSlot:
		return true
	default:
	}
	m.lazy.mu.Lock()
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
	if m.spec.Lazy == nil {
		isLazy, err := qemu.FinishSettling(ctx, control)
		if err == nil && isLazy {
			err = fmt.Errorf("%w: what its disk is filled in from is missing", client.ErrNotAnswering)
		}
		return err
	}
	wasSettling, err := qemu.CancelSettling(ctx, control)
	if err != nil {
		return err
	}
	if wasSettling {
		_ = control.Do(ctx, "cont", nil, nil) // otherwise resumeAfterSourceLoss tries again
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
