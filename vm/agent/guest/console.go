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

// consolePath is the terminal that the host's console shows.
const consolePath = "/dev/ttyS0"

// A console keeps the serial terminal open once it has set its size, as a
// terminal that nobody holds forgets it.
type console struct {
	mu  sync.Mutex
	tty *os.File
}

// resize sets the terminal's size; the kernel tells the processes in its
// foreground with SIGWINCH.
func (c *console) resize(columns, rows int) error {
	if columns < 1 || rows < 1 || columns > math.MaxUint16 || rows > math.MaxUint16 {
		return &wire.Error{Code: wire.CodeFailed, Text: fmt.Sprintf("no terminal has %d columns and %d rows", columns, rows)}
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
