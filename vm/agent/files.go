package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"vmterminal/vm/agent/wire"
)

// File is one file of a guest; see wire.FileEntry.
type File = wire.FileEntry

// listSelf runs the agent's own program, wherever it lies.
var listSelf = []string{"/proc/self/exe", "-list-files"}

// Files has run carry out a command that lists the guest's files, and calls each
// for every one. ErrUnsupported: the guest's agent is of before that.
func Files(ctx context.Context, run func(context.Context, Command) (int, error), each func(File)) error {
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := wire.ReadFiles(r, each)
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		read <- err
	}()
	var said strings.Builder
	exit, err := run(ctx, Command{Args: listSelf, Stdout: w, Stderr: &limited{to: &said, left: 1000}})
	w.Close()
	bad := <-read
	switch {
	case errors.Is(bad, wire.ErrBadFiles):
		return bad
	case err != nil:
		return err
	case exit == 2: // package flag's for an unknown one
		return fmt.Errorf("list the files: %w", ErrUnsupported)
	case exit != 0:
		return fmt.Errorf("list the files: %s", printable(said.String(), 300))
	}
	return bad
}

// limited keeps the first bytes that are written.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	part := p[:min(len(p), l.left)]
	l.left -= len(part)
	_, err := l.to.Write(part)
	return len(p), err
}
