//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent/wire"
)

// consolePath is the serial terminal that is connected to the host's console.
const consolePath = "/dev/ttyS0"

// A console sets the size of the serial terminal. It keeps the terminal open, because
// the size is lost when no process has it open.
type console struct {
	mu  sync.Mutex
	tty *os.File
}

// resize sets the terminal's size; the kernel sends SIGWINCH to the foreground
// processes.
func (c *console) resize(columns, rows int) error {
	if columns < 1 || rows < 1 || columns > math.MaxUint16 || rows > math.MaxUint16 {
		return &wire.Error{Code: wire.CodeFailed, Text: fmt.Sprintf("invalid terminal size: %d columns and %d rows", columns, rows)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tty == nil {
		tty, err := os.OpenFile(consolePath, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		c.tty = tty
	}
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(rows)}
	if err := unix.IoctlSetWinsize(int(c.tty.Fd()), unix.TIOCSWINSZ, size); err != nil {
		c.tty.Close()
		c.tty = nil
		return fmt.Errorf("set the size of %s: %w", consolePath, err)
	}
	return nil
}
