//go:build linux

package main

import (
	"os"
	"os/exec"
)

// pipes are our ends of a command's streams, and the command's until it has
// started.
type pipes struct {
	stdin          *os.File // nil if the command gets no input
	stdout, stderr *os.File
	theirs         []*os.File
}

func newPipes(cmd *exec.Cmd, input bool) (*pipes, error) {
	p := &pipes{}
	var err error
	open := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}
	if input {
		r, w := open()
		p.stdin, p.theirs = w, append(p.theirs, r)
		if r != nil {
			cmd.Stdin = r
		}
	}
	outR, outW := open()
	errR, errW := open()
	p.stdout, p.stderr, p.theirs = outR, errR, append(p.theirs, outW, errW)
	if err != nil {
		p.closeTheirs()
		p.close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = outW, errW
	return p, nil
}

// closeTheirs closes the command's ends: after the start it has its own.
// Closing a nil file does nothing.
func (p *pipes) closeTheirs() {
	for _, f := range p.theirs {
		f.Close()
	}
	p.theirs = nil
}

func (p *pipes) close() {
	p.closeTheirs()
	p.stdin.Close()
	p.stdout.Close()
	p.stderr.Close()
}
