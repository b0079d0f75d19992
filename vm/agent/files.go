package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"vmterminal/vm/agent/wire"
)

// File is one file of a guest; see wire.FileEntry.
type File = wire.FileEntry

// listFilesCommand runs the agent's own executable, wherever it is installed.
var listFilesCommand = []string{"/proc/self/exe", "-list-files"}

// filesTimeout is how long a guest may take to list its files.
const filesTimeout = 15 * time.Minute

// Files lists the guest's files with a command that it executes with run, and calls
// each for every file. It returns ErrUnsupported if the guest's agent is too old.
func Files(ctx context.Context, run func(context.Context, Command) (int, error), each func(File)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, filesTimeout, fmt.Errorf("list the files: %w within %v", ErrNoAnswer, filesTimeout))
	defer cancel()
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := wire.ReadFileList(r, each)
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		read <- err
	}()
	var stderr strings.Builder
	exit, err := run(ctx, Command{Args: listFilesCommand, Stdout: w, Stderr: &limitedWriter{to: &stderr, left: 1000}})
	w.Close()
	readErr := <-read
	switch {
	case errors.Is(readErr, wire.ErrBadFileList):
		return readErr
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case exit == 2: // from package flag, for an unknown flag
		return fmt.Errorf("list the files: %w", ErrUnsupported)
	case exit != 0:
		return fmt.Errorf("list the files: %s", toPrintable(stderr.String(), 300))
	}
	return readErr
}

// limitedWriter writes the first left bytes and discards the rest.
type limitedWriter struct {
	to   io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	part := p[:min(len(p), l.left)]
	l.left -= len(part)
	_, err := l.to.Write(part)
	return len(p), err
}
