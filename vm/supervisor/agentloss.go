package supervisor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

const (
	// An agent counts as lost after two pings without an answer.
	pingInterval = 5 * time.Second
	pingTimeout  = 15 * time.Second
	// qemuExitTimeout is how long QEMU may take to exit after the guest's agent.
	qemuExitTimeout = 2 * time.Second
)

var (
	errAgentEnded  = fmt.Errorf("%w: it exited while the command ran", client.ErrNoAgent)
	errAgentSilent = fmt.Errorf("%w: it stopped answering while the command ran", client.ErrNoAgent)
)

// answeringAgent returns the agent if it can run a command now, and a channel that is
// closed when that agent exits.
func (m *machine) answeringAgent(ctx context.Context) (guestAgent, <-chan struct{}, error) {
	guest, lost := m.agent.current(), m.agent.lostSignal()
	switch {
	case m.state.get().State == client.Paused:
		return nil, nil, client.ErrPaused
	case guest == nil:
		return nil, nil, client.ErrNoAgent
	}
	return guest, lost, m.runQMPCommand(ctx, requestTimeout, "query-status")
}

// watchAgent cancels a command's ctx when the agent that runs it exits or stops
// answering.
func watchAgent(ctx context.Context, guest guestAgent, lost <-chan struct{}, isRunning func() bool, cancel context.CancelCauseFunc) {
	go func() {
		select {
		case <-lost:
			cancel(errAgentEnded)
		case <-ctx.Done():
		}
	}()
	for silent := 0; silent < 2; {
		select {
		case <-time.After(pingInterval):
		case <-ctx.Done():
			return
		}
		ran := isRunning()
		limited, end := context.WithTimeout(ctx, pingTimeout)
		_, err := guest.Info(limited)
		end()
		// A paused guest does not answer either, and its command continues later.
		if errors.Is(err, agent.ErrNoAnswer) && ran && isRunning() {
			silent++
		} else {
			silent = 0
		}
	}
	cancel(errAgentSilent)
}

// explainAgentLoss returns why the agent that ran a command was lost: most often QEMU
// has exited. It returns other errors unchanged. e may be nil.
func explainAgentLoss(err error, e *qemuProcess) error {
	if !errors.Is(err, client.ErrNoAgent) && !errors.Is(err, agent.ErrClosed) && !errors.Is(err, agent.ErrRestarted) {
		return err
	}
	if e != nil {
		select {
		case <-e.exited:
			return fmt.Errorf("%w: it stopped before the command ended", client.ErrNotRunning)
		case <-time.After(qemuExitTimeout):
		}
	}
	if errors.Is(err, agent.ErrClosed) {
		return errAgentEnded
	}
	return err
}
