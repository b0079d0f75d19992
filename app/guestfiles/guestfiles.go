// Package guestfiles copies files to and from a running guest, using a shell and tar in the
// guest. [CopyIn] and [CopyOut] trust neither the guest nor its archives. Error texts may
// contain text from the guest; the caller must make them safe to display.
package guestfiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"vmterminal/vm/agent"
)

// Copied is the result of a copy.
type Copied struct {
	Files int
	Bytes int64
	// Skipped lists the first maxSkipped paths that were not copied: special files, and links
	// that point outside a copied folder. SkippedTotal counts all of them.
	Skipped      []string
	SkippedTotal int
}

// maxSkipped limits the length of Copied.Skipped, because a guest can send any number of files.
const maxSkipped = 1000

func (c *Copied) addSkipped(path string) {
	c.SkippedTotal++
	if len(c.Skipped) < maxSkipped {
		c.Skipped = append(c.Skipped, path)
	}
}

// Exit codes of scripts: exitNotFound if a file was not found, exitIsFolder for ErrIsFolder.
const exitNotFound, exitIsFolder = 3, 103

var errNotInGuest = fmt.Errorf("not found%w", silentError{fs.ErrNotExist})

// silentError is an error with an empty text.
type silentError struct{ error }

func (silentError) Error() string   { return "" }
func (q silentError) Unwrap() error { return q.error }

// ErrCopy means that a copy was refused by the guest, or that the guest sent invalid data.
var ErrCopy = errors.New("cannot be copied")

// ErrIsFolder means that a folder was to be copied without the recursive option.
var ErrIsFolder = errors.New("is a folder")

// ErrStalled means that a copy made no progress for stallTimeout.
var ErrStalled = errors.New("the copy stalled")

const (
	// stallTimeout is how long the input and output of a script may stall.
	stallTimeout = 10 * time.Minute
	// queryTimeout is how long a script run by Query may take.
	queryTimeout = 5 * time.Minute
)

// Runner runs a command in a guest; see client.Client.Exec.
type Runner func(context.Context, agent.Command) (exit int, err error)

// runScript runs a shell script as root with the arguments $1 and so on. If the script fails,
// the error contains its standard error output.
func (run Runner) runScript(ctx context.Context, script string, args []string, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallTimeout, func() {
		cancel(fmt.Errorf("%w for %v", ErrStalled, stallTimeout))
	})
	defer stall.Stop()
	stderr := &firstBytes{remaining: 2000}
	command := agent.Command{Args: append([]string{"sh", "-c", script, "sh"}, args...), Stderr: stderr}
	if in != nil {
		command.Stdin = watchedReader{in, stall}
	}
	if out != nil {
		command.Stdout = watchedWriter{out, stall}
	}
	exit, err := run(ctx, command)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil && exit == exitNotFound {
		return fmt.Errorf("%w in the guest: %s", errNotInGuest, joinLines(stderr.String()))
	}
	if err == nil && exit == exitIsFolder {
		return fmt.Errorf("%s: %w", joinLines(stderr.String()), ErrIsFolder)
	}
	if err == nil && exit != 0 {
		err = fmt.Errorf("%w: %s", ErrCopy, cmp.Or(joinLines(stderr.String()), fmt.Sprintf("exit code %d", exit)))
	}
	return err
}

// Query runs a script and returns its output. It fails if the output is longer than limit
// bytes.
func (run Runner) Query(ctx context.Context, limit int, script string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, queryTimeout, fmt.Errorf("%w within %v", agent.ErrNoAnswer, queryTimeout))
	defer cancel()
	answer := boundedText{remaining: limit}
	err := run.runScript(ctx, script, args, nil, &answer)
	return answer.String(), err
}

// watchedReader and watchedWriter reset a timer on each read and write.
type watchedReader struct {
	io.Reader
	stall *time.Timer
}

func (r watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.stall.Reset(stallTimeout)
	return n, err
}

type watchedWriter struct {
	io.Writer
	stall *time.Timer
}

func (w watchedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.stall.Reset(stallTimeout)
	return n, err
}

// boundedText collects text and fails when it exceeds a limit.
type boundedText struct {
	strings.Builder
	remaining int
}

func (b *boundedText) Write(p []byte) (int, error) {
	if b.remaining -= len(p); b.remaining < 0 {
		return 0, fmt.Errorf("%w: the answer is too long", agent.ErrBadAnswer)
	}
	return b.Builder.Write(p)
}

// firstBytes keeps the first bytes written to it and discards the others.
type firstBytes struct {
	strings.Builder
	remaining int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	part := p[:min(len(p), f.remaining)]
	f.remaining -= len(part)
	f.Builder.Write(part)
	return len(p), nil
}

func joinLines(s string) string { return strings.Join(strings.Fields(s), " ") }
