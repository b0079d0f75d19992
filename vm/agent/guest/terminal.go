//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vmterminal/vm/agent/wire"
)

// winsize is a terminal's size in cells.
type winsize struct{ columns, rows uint16 }

// runOnTerminal runs a command on a new terminal until it exits or ctx is canceled. Then
// it closes the terminal, which hangs up the remaining processes on it.
func (s *server) runOnTerminal(ctx context.Context, c *call, req wire.RequestBody) (int, error) {
	if req.Run == nil || len(req.Run.Args) > 0 && req.Run.Args[0] == "" {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: "no command given"}
	}
	if req.Columns < 1 || req.Rows < 1 || req.Columns > math.MaxUint16 || req.Rows > math.MaxUint16 {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: fmt.Sprintf("invalid terminal size: %d columns and %d rows", req.Columns, req.Rows)}
	}
	cmd, err := s.terminalCommand(ctx, req.Run)
	if err != nil {
		return 0, err
	}
	master, err := startOnTerminal(cmd, winsize{uint16(req.Columns), uint16(req.Rows)})
	if err != nil {
		return 0, codedStartError(err)
	}
	defer master.Close()
	c.terminal.Store(&terminal{master: master, leader: cmd.Process.Pid})
	return c.runTerminalStreams(ctx, cmd, master)
}

// terminalCommand returns the requested command, or root's login shell.
func (s *server) terminalCommand(ctx context.Context, command *wire.Command) (*exec.Cmd, error) {
	if len(command.Args) > 0 {
		return s.newCommand(ctx, command, command.Args[0], command.Args[1:]...)
	}
	shell := loginShell(filepath.Join(s.identifier.root, "etc/passwd"))
	cmd, err := s.newCommand(ctx, command, shell)
	if err != nil {
		return nil, err
	}
	cmd.Args[0] = "-" + filepath.Base(shell)
	cmd.Env = append(cmd.Env, "SHELL="+shell)
	return cmd, nil
}

// loginShell returns root's shell; see passwd(5).
func loginShell(passwd string) string {
	const fallback = "/bin/sh"
	f, err := os.Open(passwd)
	if err != nil {
		return fallback
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) == 7 && fields[0] == "root" && filepath.IsAbs(fields[6]) {
			return fields[6]
		}
	}
	return fallback
}

// runTerminalStreams copies a terminal's input, output and sizes, and waits until the
// command on it exits.
func (c *call) runTerminalStreams(ctx context.Context, cmd *exec.Cmd, master *os.File) (int, error) {
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go c.copyTerminalInput(streamCtx, master)
	go c.applySizes(streamCtx, master)
	exited := make(chan struct{})
	go killOnCancel(ctx, cmd.Process.Pid, exited)

	var output sync.WaitGroup
	output.Go(func() { c.copyOutput(ctx, master, wire.Stdout, c.stdout, exited) })
	err := cmd.Wait()
	close(exited)
	_ = master.SetReadDeadline(time.Now().Add(drainIdle))
	output.Wait()
	c.send(wire.End, wire.Stderr, nil)
	return exitCode(ctx, cmd, err)
}

// endOfFile is the character (Ctrl+D) that ends a terminal's input at the start of a line.
const endOfFile = 4

// copyTerminalInput writes the host's input to the terminal. If the command does not read
// its input, sizes and cancellation still work.
func (c *call) copyTerminalInput(ctx context.Context, master *os.File) {
	for {
		data, err := c.stdin.Take(ctx)
		if err != nil {
			if ctx.Err() == nil {
				_, _ = master.Write([]byte{endOfFile})
			}
			return
		}
		if _, err := master.Write(data); err != nil {
			return
		}
		c.stdin.Release(len(data))
		c.send(wire.Credit, wire.Stdin, wire.CreditPayload(len(data)))
	}
}

// setLatestSize queues size, replacing a size that has not been applied yet.
func (c *call) setLatestSize(size winsize) {
	for {
		select {
		case c.sizes <- size:
			return
		default:
		}
		select {
		case <-c.sizes:
		default:
		}
	}
}

func (c *call) applySizes(ctx context.Context, master *os.File) {
	for {
		select {
		case size := <-c.sizes:
			_ = setSize(master, size)
		case <-ctx.Done():
			return
		}
	}
}
