package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"vmterminal/vm/agent"
	"vmterminal/vm/host"
)

// JobCopy carries files between this computer and a guest.
const JobCopy JobKind = "copy"

// phaseCopy is the one phase of such a job.
const phaseCopy = "Copying"

// Copied is what a copy carried.
type Copied struct {
	Files int
	Bytes int64
	// Skipped are paths that are neither files, folders nor symbolic links.
	Skipped []string
}

// notThere is what a script ends with that does not find what it was told of.
const notThere = 3

var errNotThere = fmt.Errorf("not found%w", quiet{fs.ErrNotExist})

// quiet is an error that says nothing of its own.
type quiet struct{ error }

func (quiet) Error() string   { return "" }
func (q quiet) Unwrap() error { return q.error }

// ErrCopy is a copy that the guest, or what it sent, has refused.
var ErrCopy = errors.New("it cannot be copied")

// inGuest runs a script of sh in a running VM's guest; its arguments are $1 and so
// on. What the script says on standard error becomes the error.
func inGuest(ctx context.Context, client *host.Client, script string, args []string, in io.Reader, out io.Writer) error {
	said := &firstBytes{left: 2000}
	exit, err := client.Exec(ctx, agent.Command{
		Args: append([]string{"sh", "-c", script, "sh"}, args...), Stdin: in, Stdout: out, Stderr: said,
	})
	if err == nil && exit == notThere {
		return fmt.Errorf("%w in the guest: %s", errNotThere, oneLineOf(said.String()))
	}
	if err == nil && exit != 0 {
		err = fmt.Errorf("%w: %s", ErrCopy, orElse(oneLineOf(said.String()), fmt.Sprintf("exit code %d", exit)))
	}
	return err
}

// firstBytes keeps what is written first.
type firstBytes struct {
	strings.Builder
	left int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	part := p[:min(len(p), f.left)]
	f.left -= len(part)
	f.Builder.Write(part)
	return len(p), nil
}

func oneLineOf(s string) string { return Plain(strings.Join(strings.Fields(s), " ")) }

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// copyJob runs a copy as a job on a running VM's guest.
func (s *Service) copyJob(ctx context.Context, vmName string, doing func(of Phrase) Phrase, subject string, work func(context.Context, *host.Client, Meter) (Copied, error)) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "%s", doing(called(vmName)))
	}
	client, err := s.reach(ctx, e.Name)
	if err == nil {
		err = waitForAgent(ctx, client)
	}
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, failed(err, "", "%s", doing(called(e.Name)))
	}
	return s.jobs.run(JobCopy, e.Name, subject, func(ctx context.Context, m Meter) (any, error) {
		defer client.Close()
		done, err := work(ctx, client, m)
		if err != nil {
			return nil, failed(err, "", "%s", doing(called(e.Name)))
		}
		return done, nil
	}), nil
}
