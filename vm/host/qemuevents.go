package host

import (
	"context"
	"encoding/json"
	"time"

	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// seen is what QEMU has said about its end and its pauses.
type seen struct {
	shutdown string // reason of the SHUTDOWN event
	byGuest  bool
	noSpace  bool // the last disk error was a full host disk
	gaveUp   bool // the accelerator did, on the guest
}

// follow notes what QEMU tells unasked until its connection ends.
func (m *machine) follow(control *qmp.Client, done chan<- struct{}) {
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
			m.seen.shutdown, m.seen.byGuest = data.Reason, data.Guest
			m.mu.Unlock()
		case "BLOCK_IO_ERROR":
			var data struct {
				NoSpace bool `json:"nospace"`
			}
			_ = json.Unmarshal(event.Data, &data)
			m.mu.Lock()
			m.seen.noSpace = data.NoSpace
			m.mu.Unlock()
		case "RESET":
			m.agent.doubt()
		case "STOP":
			m.lookAgain(control)
		case "RESUME":
			m.running()
		}
	}
}

// running notes that the guest runs.
func (m *machine) running() {
	m.board.update(EventState, func(s *State) {
		if s.State != Stopping {
			s.State, s.Reason = Running, ""
		}
	})
}

// lookAgain asks QEMU whether the guest runs, and why not.
func (m *machine) lookAgain(control *qmp.Client) {
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
		m.running()
		return
	}
	if status.Status == "internal-error" && m.gaveUp() {
		return
	}
	m.mu.Lock()
	noSpace := m.seen.noSpace
	m.mu.Unlock()
	m.board.update(EventState, func(s *State) {
		if s.State == Stopping || status.Status == "shutdown" || status.Status == "prelaunch" {
			return
		}
		s.State, s.Reason = Paused, pauseReason(status.Status, noSpace)
	})
}

// gaveUp is called when the accelerator gave up on the guest. The next start does
// not try it again; a VM that has just started is started again, by live.
func (m *machine) gaveUp() (again bool) {
	if m.spec.Accel != qemu.Auto {
		return false
	}
	qemu.Distrust(m.spec.AcceleratorsFile)
	if !m.young() {
		return false
	}
	m.mu.Lock()
	m.seen.gaveUp = true
	m.mu.Unlock()
	_ = m.currentEngine().kill()
	return true
}

func pauseReason(status string, noSpace bool) string {
	switch {
	case status == "io-error" && noSpace:
		return "the host's disk is full; free some space, then resume"
	case status == "io-error":
		return "the host could not read or write the disk"
	case status == "internal-error":
		return "the accelerator failed"
	case status == "guest-panicked":
		return "the guest's kernel panicked"
	}
	return ""
}
