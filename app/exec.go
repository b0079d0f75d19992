package app

import (
	"context"
	"io"

	"vmterminal/vm/agent"
)

// GuestCommand is a command to run in a guest, as root.
type GuestCommand struct {
	Args []string
	// Stdin may be nil. Stdout and Stderr get what the command writes.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Exec runs a command in a running VM's guest and returns its exit code. When
// ctx ends the command is ended too.
func (s *Service) Exec(ctx context.Context, name string, c GuestCommand) (exit int, err error) {
	e, err := s.entry(name)
	if err != nil {
		return 0, failed(err, "", "run a command in %s", called(name))
	}
	client, err := s.reach(ctx, e.Name)
	if err == nil {
		defer client.Close()
		exit, err = client.Exec(ctx, agent.Command{Args: c.Args, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr})
	}
	return exit, failed(err, "", "run a command in VM '%s'", e.Name)
}
