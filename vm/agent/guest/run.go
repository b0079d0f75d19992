//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent/wire"
)

const (
	// killGrace is how long a canceled command may take to exit after SIGTERM.
	killGrace = 2 * time.Second
	// After a command has exited, its pipes are read until they are idle for drainIdle or
	// drainLimit bytes have been read, because its children may keep them open.
	drainIdle  = 50 * time.Millisecond
	drainLimit = 1 << 20
)

// run runs a command until it exits or ctx is canceled, and returns its exit code. The
// command has its own session, so that it can be killed with its children.
func (s *server) run(ctx context.Context, c *call, command *wire.Command) (int, error) {
	if command == nil || len(command.Args) == 0 || command.Args[0] == "" {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: "no command given"}
	}
	cmd, err := s.newCommand(ctx, command, command.Args[0], command.Args[1:]...)
	if err != nil {
		return 0, err
	}
	p, err := newPipes(cmd, command.Input)
	if err != nil {
		return 0, err
	}
	defer p.close()
	if err := cmd.Start(); err != nil {
		return 0, codedStartError(err)
	}
	p.closeCommandEnds()
	return c.runStreams(ctx, cmd, p)
}

// newCommand returns a command with its own session that has not been started. It waits
// while file systems are frozen, as starting a program may write to the disk.
func (s *server) newCommand(ctx context.Context, command *wire.Command, name string, args ...string) (*exec.Cmd, error) {
	if err := s.freezer.waitThawed(ctx); err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "HOME=/root", "USER=root", "LOGNAME=root")
	cmd.Env = append(cmd.Env, command.Env...)
	cmd.Dir = string(command.Dir)
	if cmd.Dir == "" {
		cmd.Dir = "/root"
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

func codedStartError(err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &wire.Error{Code: wire.CodeNotFound, Text: err.Error()}
	}
	for _, cause := range []error{syscall.EACCES, syscall.ENOEXEC, syscall.EISDIR, syscall.E2BIG, exec.ErrDot} {
		if errors.Is(err, cause) {
			return &wire.Error{Code: wire.CodeNotExecutable, Text: err.Error()}
		}
	}
	return err
}

// runStreams copies a started command's streams and waits until it exits.
func (c *call) runStreams(ctx context.Context, cmd *exec.Cmd, p *pipes) (int, error) {
	exited := make(chan struct{})
	if p.stdin != nil {
		go c.copyInput(ctx, p.stdin, exited)
	}
	go killOnCancel(ctx, cmd.Process.Pid, exited)

	var outputs sync.WaitGroup
	outputs.Go(func() { c.copyOutput(ctx, p.stdout, wire.Stdout, c.stdout, exited) })
	outputs.Go(func() { c.copyOutput(ctx, p.stderr, wire.Stderr, c.stderr, exited) })
	err := cmd.Wait()
	close(exited)
	// Wake pending reads: the command has exited.
	_ = p.stdout.SetReadDeadline(time.Now().Add(drainIdle))
	_ = p.stderr.SetReadDeadline(time.Now().Add(drainIdle))
	outputs.Wait()
	return exitCode(ctx, cmd, err)
}

// exitCode returns the exit code of a command after Wait returned err.
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

// killOnCancel kills the command's process group if ctx is canceled before it exits.
func killOnCancel(ctx context.Context, pid int, exited <-chan struct{}) {
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

// copyInput writes the host's data to the command and sends credit for it, even if the
// command no longer reads. Before the command exits, it closes the command's input only
// at the end of the host's input: a canceled command must not mistake a part for the whole.
func (c *call) copyInput(ctx context.Context, stdin *os.File, exited <-chan struct{}) {
	defer stdin.Close()
	for {
		data, err := c.stdin.Take(ctx)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				<-exited
			}
			return
		}
		_, _ = stdin.Write(data)
		c.stdin.Release(len(data))
		c.send(wire.Credit, wire.Stdin, wire.CreditPayload(len(data)))
	}
}

// copyOutput sends one output stream of the command.
func (c *call) copyOutput(ctx context.Context, from *os.File, ch wire.Channel, allowed *wire.SendWindow, exited <-chan struct{}) {
	defer c.send(wire.End, ch, nil)
	buf := make([]byte, wire.ChunkSize)
	drained := 0
	for {
		// Acquire before reading: what is read must be sent.
		room, err := allowed.Acquire(ctx, len(buf))
		if err != nil {
			return
		}
		n, err := from.Read(buf[:room])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// The deadline may have passed while this goroutine waited for room.
			n, err = readAvailable(from, buf[:room])
		}
		allowed.Add(room - n)
		if n > 0 {
			c.send(wire.Data, ch, buf[:n])
		}
		if err != nil {
			return
		}
		select {
		case <-exited:
			if drained += n; drained > drainLimit {
				return
			}
			_ = from.SetReadDeadline(time.Now().Add(drainIdle))
		default:
		}
	}
}

// readAvailable reads without blocking, regardless of the file's deadline.
func readAvailable(from *os.File, buf []byte) (n int, err error) {
	err = withFD(from, func(fd int) (err error) {
		for {
			n, err = unix.Read(fd, buf)
			if !errors.Is(err, unix.EINTR) {
				return err
			}
		}
	})
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

func (c *call) send(kind wire.Kind, ch wire.Channel, payload []byte) {
	c.server.send(wire.Frame{Kind: kind, Channel: ch, Session: c.session, Stream: c.stream, Payload: payload})
}
