//go:build linux

package main

import (
	"os"
	"os/exec"
)

// pipes are the agent's ends of a command's streams and, until the command has started,
// the command's ends.
type pipes struct {
	stdin          *os.File // nil if the command gets no input
	stdout, stderr *os.File
	commandEnds    []*os.File
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
		p.stdin, p.commandEnds = w, append(p.commandEnds, r)
		if r != nil {
			cmd.Stdin = r
		}
	}
	outR, outW := open()
	errR, errW := open()
	p.stdout, p.stderr, p.commandEnds = outR, errR, append(p.commandEnds, outW, errW)
	if err != nil {
		p.closeCommandEnds()
		p.close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = outW, errW
	return p, nil
}

// closeCommandEnds closes the command's ends, which it inherits when it starts. Closing a
// nil file does nothing.
func (p *pipes) closeCommandEnds() {
	for _, f := range p.commandEnds {
		f.Close()
	}
	p.commandEnds = nil
}

func (p *pipes) close() {
	p.closeCommandEnds()
	p.stdin.Close()
	p.stdout.Close()
	p.stderr.Close()
}
