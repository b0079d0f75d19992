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

// runOnTerminal runs a command on a terminal of its own, to its end or until ctx
// ends. Hanging up the terminal ends what the command has left on it.
func (s *server) runOnTerminal(ctx context.Context, c *call, ask wire.Ask) (int, error) {
	if ask.Run == nil || len(ask.Run.Args) > 0 && ask.Run.Args[0] == "" {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: "no command given"}
	}
	if ask.Columns < 1 || ask.Rows < 1 || ask.Columns > math.MaxUint16 || ask.Rows > math.MaxUint16 {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: fmt.Sprintf("no terminal has %d columns and %d rows", ask.Columns, ask.Rows)}
	}
	cmd, err := s.terminalCommand(ask.Run)
	if err != nil {
		return 0, err
	}
	master, err := startOnTerminal(cmd, winsize{uint16(ask.Columns), uint16(ask.Rows)})
	if err != nil {
		return 0, startError(err)
	}
	defer master.Close()
	c.terminal.Store(&terminal{master: master, leader: cmd.Process.Pid})
	return c.attendTerminal(ctx, cmd, master)
}

// terminalCommand is the command that was asked for, or root's shell as at a
// login.
func (s *server) terminalCommand(what *wire.Command) (*exec.Cmd, error) {
	if len(what.Args) > 0 {
		return s.command(what, what.Args[0], what.Args[1:]...)
	}
	shell := loginShell(filepath.Join(s.identifier.root, "etc/passwd"))
	cmd, err := s.command(what, shell)
	if err != nil {
		return nil, err
	}
	cmd.Args[0] = "-" + filepath.Base(shell)
	cmd.Env = append(cmd.Env, "SHELL="+shell)
	return cmd, nil
}

// loginShell is root's, by passwd(5).
func loginShell(passwd string) string {
	const always = "/bin/sh"
	f, err := os.Open(passwd)
	if err != nil {
		return always
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) == 7 && fields[0] == "root" && filepath.IsAbs(fields[6]) {
			return fields[6]
		}
	}
	return always
}

// attendTerminal carries a terminal's bytes and sizes, and waits for the end of
// the command on it.
func (c *call) attendTerminal(ctx context.Context, cmd *exec.Cmd, master *os.File) (int, error) {
	ended, end := context.WithCancel(ctx)
	defer end()
	go c.typeInto(ended, master)
	go c.followSize(ended, master)
	exited := make(chan struct{})
	go endWhenDone(ctx, cmd.Process.Pid, exited)

	var output sync.WaitGroup
	output.Go(func() { c.carry(ctx, master, wire.Stdout, c.stdout, exited) })
	err := cmd.Wait()
	close(exited)
	_ = master.SetReadDeadline(time.Now().Add(drainIdle))
	output.Wait()
	c.send(wire.End, wire.Stderr, nil)
	return exitCode(ctx, cmd, err)
}

// endOfFile is what a terminal takes for the end of input, at a line's start.
const endOfFile = 4

// typeInto writes what comes from the host into the terminal. A command that
// takes nothing stops the host's typing, not its sizes and its end.
func (c *call) typeInto(ctx context.Context, master *os.File) {
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
		c.stdin.Consumed(len(data))
		c.send(wire.Credit, wire.Stdin, wire.CreditPayload(len(data)))
	}
}

// resized notes the newest size.
func (c *call) resized(size winsize) {
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

func (c *call) followSize(ctx context.Context, master *os.File) {
	for {
		select {
		case size := <-c.sizes:
			_ = setSize(master, size)
		case <-ctx.Done():
			return
		}
	}
}
