package supervisor

import (
	"context"
	"encoding/json"
	"time"

	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

// observedEvents records what QEMU's events have reported about its exit and its pauses.
type observedEvents struct {
	shutdownReason    string // reason of the SHUTDOWN event
	shutdownByGuest   bool
	noSpace           bool // the last disk error was caused by a full host disk
	acceleratorFailed bool
}

// watchEvents handles QEMU's events until the connection is closed.
func (m *machine) watchEvents(control *qmp.Client, done chan<- struct{}) {
	defer close(done)
	for event := range control.Events() {
		switch event.Name {
		case "SHUTDOWN":
			var data struct {
				Guest  bool   `json:"guest"`
				Reason string `json:"reason"`
			}
			_ = json.Unmarshal(event.Data, &data)
			m.mu.Lock()
			m.observed.shutdownReason, m.observed.shutdownByGuest = data.Reason, data.Guest
			m.mu.Unlock()
		case "BLOCK_IO_ERROR":
			var data struct {
				NoSpace bool `json:"nospace"`
			}
			_ = json.Unmarshal(event.Data, &data)
			m.mu.Lock()
			m.observed.noSpace = data.NoSpace
			m.mu.Unlock()
		case "VSERPORT_CHANGE": // the agent's port is the only one
			var data struct {
				Open bool `json:"open"`
			}
			if json.Unmarshal(event.Data, &data) == nil && !data.Open {
				m.agent.portClosed()
			}
		case "RESET":
			m.agent.requestCheck()
		case "STOP":
			if !m.lazy.isSwitching.Load() {
				m.refreshState(control)
			}
		case "RESUME":
			m.state.setRunning()
			select {
			case m.lazy.resumed <- struct{}{}:
			default:
			}
			go m.agent.setClock(context.Background())
		}
	}
}

// refreshState asks QEMU whether the guest is running, and updates the state.
func (m *machine) refreshState(control *qmp.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var status struct {
		Running bool   `json:"running"`
		Status  string `json:"status"`
	}
	if control.Do(ctx, "query-status", nil, &status) != nil {
		return
	}
	if status.Running {
		m.state.setRunning()
		return
	}
	if status.Status == "internal-error" && m.handleAcceleratorFailure() {
		return
	}
	m.mu.Lock()
	noSpace := m.observed.noSpace
	m.mu.Unlock()
	now := m.state.get()
	sourceFailed := now.Fill != nil && now.Fill.Problem.Code == client.FillDamaged
	m.state.update(client.EventState, func(s *client.State) {
		if s.State == client.Stopping || status.Status == "shutdown" || status.Status == "prelaunch" {
			return
		}
		s.State, s.PauseReason.Code = client.Paused, pauseCode(status.Status, noSpace, sourceFailed)
	})
}

// handleAcceleratorFailure makes the next start use another accelerator. If the VM has
// just started, it kills QEMU, which waitForExit then restarts.
func (m *machine) handleAcceleratorFailure() (killed bool) {
	if m.spec.Accel != qemu.Auto {
		return false
	}
	qemu.RecordHardwareFailure(m.spec.AcceleratorsFile)
	if !inAcceleratorFailureWindow(m.state.get()) {
		return false
	}
	m.mu.Lock()
	m.observed.acceleratorFailed = true
	m.mu.Unlock()
	_ = m.currentProcess().kill()
	return true
}

// pauseCode returns why QEMU paused the guest, or "" if the pause was requested.
func pauseCode(status string, noSpace, sourceFailed bool) client.PauseCode {
	switch {
	case status == "io-error" && noSpace:
		return client.PauseDiskFull
	case status == "io-error" && sourceFailed:
		return client.PauseSourceFailed
	case status == "io-error":
		return client.PauseDiskError
	case status == "internal-error":
		return client.PauseAcceleratorFailed
	case status == "guest-panicked":
		return client.PauseGuestPanicked
	}
	return ""
}
