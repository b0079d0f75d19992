package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

// GuestCommand is a command to run in a guest, as root.
type GuestCommand struct {
	Args []string
	// Stdin may be nil. Stdout and Stderr receive the command's output.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal, if not nil, is the terminal that the command runs on. Then all output goes to
	// Stdout, and empty Args run root's login shell.
	Terminal *GuestTerminal
	// Env holds NAME=value pairs that are added to the guest's own environment.
	Env []string
}

// GuestTerminal is a terminal in the guest for one command.
type GuestTerminal struct {
	// Size is the initial size. Resized, if not nil, delivers later sizes.
	Size              TerminalSize
	Resized           <-chan TerminalSize
	foregroundQueries <-chan agent.ForegroundQuery
}

// TerminalSize is a size in character cells.
type TerminalSize = agent.Size

// Errors of [Service.Exec] about the command itself.
var (
	// ErrNoCommand means that the guest has no such command.
	ErrNoCommand = agent.ErrNotFound
	// ErrNotExecutable means that the guest has the command but cannot execute it.
	ErrNotExecutable = agent.ErrNotExecutable
)

const (
	// bootTimeout is how long an emulated distribution may take to boot.
	bootTimeout = 5 * time.Minute
	// rebootTimeout is how long a guest may take to reboot. If the agent does not answer within
	// that time, the guest has halted or the agent has exited.
	rebootTimeout = time.Minute
)

// agentTimeout returns how long to wait for the agent of a VM in state s.
func agentTimeout(s client.State) time.Duration {
	if !s.AgentLost.IsZero() {
		return max(2*time.Second, rebootTimeout-time.Since(s.AgentLost)).Round(time.Second)
	}
	return max(rebootTimeout, bootTimeout-time.Since(s.Since)).Round(time.Second)
}

// Exec runs a command in the guest of a running VM and returns its exit code. It waits for a
// guest that is still booting. The command is killed when ctx is done.
func (s *Service) Exec(ctx context.Context, name string, c GuestCommand) (exit int, err error) {
	e, err := s.entry(name)
	if err != nil {
		return 0, wrapFailure(err, problem.Operation{Code: problem.OpCommandRun, VM: name})
	}
	vmClient, err := s.connect(ctx, e.Name)
	if err == nil {
		defer vmClient.Close()
		err = waitForAgent(ctx, vmClient)
	}
	if err == nil {
		exit, err = vmClient.Exec(ctx, c.agentCommand())
		if errors.Is(err, context.Canceled) {
			err = job.Interrupted("the command was killed; its effects remain")
		}
	}
	return exit, wrapFailure(err, problem.Operation{Code: problem.OpCommandRun, VM: e.Name})
}

func (c GuestCommand) agentCommand() agent.Command {
	out := agent.Command{Args: c.Args, Env: c.Env, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr}
	if c.Terminal != nil {
		out.Terminal = &agent.Terminal{Size: c.Terminal.Size, Resized: c.Terminal.Resized, ForegroundQueries: c.Terminal.foregroundQueries}
	}
	return out
}

// waitForAgent waits until the guest's agent answers. It returns ErrNoAgent after a timeout,
// and ErrPaused if the VM is paused.
func waitForAgent(ctx context.Context, vmClient *client.Client) error {
	state, err := vmClient.State(ctx)
	switch {
	case err != nil:
		return err
	case state.State == client.Paused:
		return client.ErrPaused
	case !state.Agent:
		if err := vmClient.CheckQEMU(ctx); err != nil {
			return err
		}
	}
	timeout := agentTimeout(state)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	events, err := vmClient.Events(limited)
	if err != nil {
		return err
	}
	for e := range events {
		switch {
		case e.State.State == client.Paused:
			return client.ErrPaused
		case e.State.Agent:
			return nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%w after %v", client.ErrNoAgent, timeout)
	default:
		return client.ErrNotRunning
	}
}
