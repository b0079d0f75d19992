package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/host"
)

// GuestCommand is a command to run in a guest, as root.
type GuestCommand struct {
	Args []string
	// Stdin may be nil. Stdout and Stderr get what the command writes.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal, if not nil, is what the command runs on: all that it writes goes
	// to Stdout then, and no Args mean root's login shell.
	Terminal *GuestTerminal
	// Env is added to the guest's own, as NAME=value.
	Env []string
}

// GuestTerminal is a terminal in the guest, made for one command.
type GuestTerminal struct {
	// Size is what it has at first, Resized gives what it has later; nil: it
	// keeps the first.
	Size    TerminalSize
	Resized <-chan TerminalSize
	asked   <-chan agent.Question
}

// TerminalSize is counted in cells.
type TerminalSize = agent.Size

// What waits for the agent of a guest that boots waits until bootPatience after
// the VM's start, by when an emulated distribution has long booted; and
// leastPatience at least, as the guest may have rebooted.
const bootPatience, leastPatience = 5 * time.Minute, time.Minute

// Exec runs a command in a running VM's guest and returns its exit code. It
// waits for a guest that is still booting. When ctx ends the command is ended
// too.
func (s *Service) Exec(ctx context.Context, name string, c GuestCommand) (exit int, err error) {
	e, err := s.entry(name)
	if err != nil {
		return 0, failed(err, "", "run a command in %s", called(name))
	}
	client, err := s.reach(ctx, e.Name)
	if err == nil {
		defer client.Close()
		err = waitForAgent(ctx, client)
	}
	if err == nil {
		exit, err = client.Exec(ctx, c.asked())
		if errors.Is(err, context.Canceled) {
			err = interrupted("the command was ended; what it did so far stays")
		}
	}
	return exit, failed(err, "", "run a command in VM '%s'", e.Name)
}

func (c GuestCommand) asked() agent.Command {
	out := agent.Command{Args: c.Args, Env: c.Env, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr}
	if c.Terminal != nil {
		out.Terminal = &agent.Terminal{Size: c.Terminal.Size, Resized: c.Terminal.Resized, Asked: c.Terminal.asked}
	}
	return out
}

// waitForAgent returns when the guest's agent answers. ErrNoAgent if it does
// not in good time.
func waitForAgent(ctx context.Context, client *host.Client) error {
	state, err := client.State(ctx)
	if err != nil {
		return err
	}
	patience := max(leastPatience, bootPatience-time.Since(state.Since)).Round(time.Second)
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	events, err := client.Events(limited)
	if err != nil {
		return err
	}
	for e := range events {
		if e.State.Agent {
			return nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%w after %v", host.ErrNoAgent, patience)
	default:
		return host.ErrNotRunning
	}
}
