package supervisor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

func TestWatchAgent(t *testing.T) {
	tests := map[string]struct {
		running, answers, ends bool
		want                   error // nil if the command continues
	}{
		"answers":         {true, true, false, nil},
		"silent":          {true, false, false, errAgentSilent},
		"silent, paused":  {false, false, false, nil},
		"ended":           {true, true, true, errAgentEnded},
		"ended, paused":   {false, false, true, errAgentEnded},
		"ended, answered": {true, true, true, errAgentEnded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeAgent()
				f.received = make(chan string, 1000)
				if test.answers {
					f.startAnswering()
				}
				lost := make(chan struct{})
				if test.ends {
					close(lost)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				go watchAgent(ctx, f, lost, func() bool { return test.running }, cancel)
				select {
				case <-ctx.Done():
				case <-time.After(time.Hour):
				}
				if got := context.Cause(ctx); !errors.Is(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
				cancel(nil)
			})
		})
	}
}

// The errors must keep their meaning on the client's side of the socket.
func TestExplainAgentLoss(t *testing.T) {
	const running, exited = false, true
	for name, test := range map[string]struct {
		err    error
		exited bool
		want   error
	}{
		"the VM stopped":      {fmt.Errorf("run: %w: EOF", agent.ErrClosed), exited, client.ErrNotRunning},
		"the guest rebooted":  {fmt.Errorf("run: %w", agent.ErrRestarted), running, agent.ErrRestarted},
		"the agent exited":    {fmt.Errorf("run: %w", errAgentEnded), running, client.ErrNoAgent},
		"disconnected":        {fmt.Errorf("run: %w: EOF", agent.ErrClosed), running, client.ErrNoAgent},
		"no answer":           {fmt.Errorf("run: %w: %w", agent.ErrNoAnswer, context.DeadlineExceeded), running, client.ErrNoAgent},
		"no such command":     {fmt.Errorf("run: %w", agent.ErrNotFound), exited, agent.ErrNotFound},
		"QEMU hangs":          {fmt.Errorf("query-status: QEMU did not answer: %w", context.DeadlineExceeded), running, client.ErrNotAnswering},
		"the VM is paused":    {client.ErrPaused, running, client.ErrPaused},
		"no agent, VM exited": {errAgentSilent, exited, client.ErrNotRunning},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &qemuProcess{exited: make(chan struct{})}
				if test.exited {
					close(e.exited)
				}
				if got := client.NewRemoteError(explainAgentLoss(test.err, e)); !errors.Is(got, test.want) {
					t.Errorf("got %v (code %q), want %v", got, got.Code, test.want)
				}
			})
		})
	}
}

func TestExecOnPausedVM(t *testing.T) {
	m, c, _ := newMachineWithoutQEMU(t)
	m.state.update(client.EventState, func(s *client.State) { s.State = client.Paused })
	if _, err := c.Exec(t.Context(), agent.Command{Args: []string{"true"}}); !errors.Is(err, client.ErrPaused) {
		t.Errorf("exec on a paused VM: got error %v, want ErrPaused", err)
	}
}
