package supervisor

import (
	"context"
	"slices"
	"sync"
	"time"

	"vmterminal/vm/supervisor/client"
)

const (
	requestTimeout        = 3 * time.Second // for the agent or QEMU to answer a request
	powerOffRetryInterval = 4 * time.Second // a guest that is still booting ignores requests
	quitTimeout           = 3 * time.Second // for QEMU to exit after quit
)

// shutdown is the progress of stopping a VM, shared by all clients that request it. The
// stop continues after they have disconnected.
type shutdown struct {
	started context.Context // canceled by start
	start   func()

	mu      sync.Mutex
	steps   []client.StopStep
	changed chan struct{} // closed and replaced at each step

	graceOver context.Context // canceled when the guest gets no more time
	endGrace  context.CancelFunc
	forced    client.ExitReason // zero if the guest was not forced off
}

func newShutdown() *shutdown {
	s := &shutdown{changed: make(chan struct{})}
	s.started, s.start = context.WithCancel(context.Background())
	s.graceOver, s.endGrace = context.WithCancel(context.Background())
	return s
}

// report adds a step and wakes all clients that wait for the next one.
func (s *shutdown) report(step client.StopStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, step)
	close(s.changed)
	s.changed = make(chan struct{})
}

// stepsAfter returns the steps after the first n, and a channel closed at the next step.
func (s *shutdown) stepsAfter(n int) ([]client.StopStep, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.steps[n:]), s.changed
}

func (s *shutdown) isStarted() bool { return s.started.Err() != nil }

// forceOff ends the guest's grace time. Only the first reason is recorded.
func (s *shutdown) forceOff(reason client.ExitReason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forced.Code == "" {
		s.forced = reason
	}
	s.endGrace()
}

func (s *shutdown) forcedReason() client.ExitReason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forced
}

// requestStop starts stopping the VM unless that has started already; with
// req.Force the guest gets no more time. It waits while the VM starts, but does not
// wait until the VM has exited.
func (m *machine) requestStop(req client.StopRequest) {
	grace := req.Grace
	if grace <= 0 {
		grace = client.DefaultGrace
	}
	if req.Force {
		m.shutdown.forceOff(client.ExitReason{Code: client.ExitForced})
	}
	m.startMu.Lock() // so that the engine is not replaced in the meantime
	defer m.startMu.Unlock()
	select {
	case <-m.exited:
		return
	default:
	}
	if !m.shutdown.isStarted() { // no race, as startMu is locked
		m.shutdown.start()
		m.log.Debug("stop requested", "force", req.Force, "grace", grace)
		m.state.update(client.EventState, func(s *client.State) { s.State, s.PauseReason = client.Stopping, client.PauseReason{} })
		go m.powerOff(grace)
	}
}

// powerOff waits until the guest powers off or its grace time is over, then makes
// QEMU quit.
func (m *machine) powerOff(grace time.Duration) {
	s := m.shutdown
	gone := m.currentProcess().exited
	if s.graceOver.Err() == nil && m.waitForGuest(grace, gone) {
		return
	}
	s.report(client.StopStep{Code: client.StopCuttingPower})
	m.log.Debug("cut the power")
	_ = m.runQMPCommand(context.Background(), quitTimeout, "quit")
	select {
	case <-gone:
		return
	case <-time.After(quitTimeout):
	}
	s.report(client.StopStep{Code: client.StopKillingQEMU})
	_ = m.currentProcess().kill()
}

// waitForGuest asks the guest to power off and reports whether it did within grace.
func (m *machine) waitForGuest(grace time.Duration, gone <-chan struct{}) bool {
	s := m.shutdown
	s.report(client.StopStep{Code: client.StopAskingGuest, Grace: grace})
	timer := time.NewTimer(grace)
	defer timer.Stop()
	retry := time.NewTicker(powerOffRetryInterval)
	defer retry.Stop()
	m.requestPowerOff()
	for {
		select {
		case <-gone:
			return true
		case <-s.graceOver.Done():
			return false
		case <-timer.C:
			s.report(client.StopStep{Code: client.StopGuestTimeout, Grace: grace})
			s.forceOff(client.ExitReason{Code: client.ExitForcedAfter, Grace: grace})
			return false
		case <-retry.C:
			m.requestPowerOff()
		}
	}
}

// requestPowerOff asks the agent to power off, or presses the ACPI power button if
// the agent does not answer.
func (m *machine) requestPowerOff() {
	ctx, cancel := context.WithTimeout(m.shutdown.graceOver, requestTimeout)
	defer cancel()
	_ = m.runQMPCommand(ctx, requestTimeout, "cont") // a paused guest cannot power off
	if m.agent.powerOff(ctx) != nil {
		_ = m.runQMPCommand(ctx, requestTimeout, "system_powerdown")
	}
}
