//go:build linux

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"vmterminal/vm/agent/wire"
)

const (
	// killGrace is what a cancelled command has to end by itself.
	killGrace = 2 * time.Second
	// After a command has ended, what it wrote is still taken from its pipes,
	// but what its children hold open is not waited for.
	drainIdle = 50 * time.Millisecond
	drainMost = 1 << 20
)

// run runs one command to its end, or until ctx ends, and returns its exit
// code. It is the leader of its own session, so that it can be ended with all
// that it started.
func (s *server) run(ctx context.Context, c *call, what *wire.Command) (int, error) {
	if what == nil || len(what.Args) == 0 || what.Args[0] == "" {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: "no command given"}
	}
	cmd, err := s.command(what, what.Args[0], what.Args[1:]...)
	if err != nil {
		return 0, err
	}
	p, err := newPipes(cmd, what.Input)
	if err != nil {
		return 0, err
	}
	defer p.close()
	if err := cmd.Start(); err != nil {
		return 0, startError(err)
	}
	p.closeTheirs()
	return c.attend(ctx, cmd, p)
}

// command makes a command of its own session, not started yet.
func (s *server) command(what *wire.Command, name string, args ...string) (*exec.Cmd, error) {
	// Starting a program may write to the disk.
	if s.freezer.frozen() {
		return nil, errFrozen
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "HOME=/root", "USER=root", "LOGNAME=root")
	cmd.Env = append(cmd.Env, what.Env...)
	cmd.Dir = what.Dir
	if cmd.Dir == "" {
		cmd.Dir = "/root"
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

func startError(err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &wire.Error{Code: wire.CodeNotFound, Text: err.Error()}
	}
	return err
}

// attend carries a started command's streams and waits for its end.
func (c *call) attend(ctx context.Context, cmd *exec.Cmd, p *pipes) (int, error) {
	if p.stdin != nil {
		go c.feed(ctx, p.stdin)
	}
	exited := make(chan struct{})
	go endWhenDone(ctx, cmd.Process.Pid, exited)

	var outputs sync.WaitGroup
	outputs.Go(func() { c.carry(ctx, p.stdout, wire.Stdout, c.stdout, exited) })
	outputs.Go(func() { c.carry(ctx, p.stderr, wire.Stderr, c.stderr, exited) })
	err := cmd.Wait()
	close(exited)
	// Reads that wait for more must look again: the command has ended.
	_ = p.stdout.SetReadDeadline(time.Now().Add(drainIdle))
	_ = p.stderr.SetReadDeadline(time.Now().Add(drainIdle))
	outputs.Wait()
	return exitCode(ctx, cmd, err)
}

// exitCode is what Wait and the command's end mean.
func exitCode(ctx context.Context, cmd *exec.Cmd, err error) (int, error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

// endWhenDone ends the command's process group when ctx ends first.
func endWhenDone(ctx context.Context, pid int, exited <-chan struct{}) {
	select {
	case <-exited:
		return
	case <-ctx.Done():
	}
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(killGrace):
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}

// feed writes the host's Data to the command and gives credit for it, also for
// what the command no longer wants.
func (c *call) feed(ctx context.Context, stdin *os.File) {
	defer stdin.Close()
	for {
		data, err := c.stdin.Take(ctx)
		if err != nil {
			return
		}
		_, _ = stdin.Write(data)
		c.stdin.Consumed(len(data))
		c.send(wire.Credit, wire.Stdin, wire.CreditPayload(len(data)))
	}
}

// carry sends one output of the command as Data, and End.
func (c *call) carry(ctx context.Context, from *os.File, ch wire.Channel, allowed *wire.Allowance, exited <-chan struct{}) {
	defer c.send(wire.End, ch, nil)
	buf := make([]byte, wire.ChunkSize)
	drained := 0
	for {
		// The room first, then the bytes: none is read that cannot be sent.
		room, err := allowed.Take(ctx, len(buf))
		if err != nil {
			return
		}
		n, err := from.Read(buf[:room])
		allowed.Add(room - n)
		if n > 0 {
			c.send(wire.Data, ch, buf[:n])
		}
		if err != nil {
			return
		}
		select {
		case <-exited:
			if drained += n; drained > drainMost {
				return
			}
			_ = from.SetReadDeadline(time.Now().Add(drainIdle))
		default:
		}
	}
}

func (c *call) send(kind wire.Kind, ch wire.Channel, payload []byte) {
	c.server.send(wire.Frame{Kind: kind, Channel: ch, Session: c.session, Stream: c.stream, Payload: payload})
}
