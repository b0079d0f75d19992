package app

import (
	"context"
	"io"

	"vmterminal/app/problem"
	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

// Shell is root's login shell on its own terminal in a guest. Read returns io.EOF after the
// shell has exited; then Exit returns the result. The shell blocks while its output is not
// read. Close kills it.
type Shell interface {
	Console
	// Exit waits until the shell has exited and its output was read, or until it was closed or
	// canceled. It returns the exit code, or an error that says why the shell was killed.
	Exit() (code int, err error)
	// Program returns the name of the terminal's foreground program, as the guest reports it,
	// or "" if that is the shell itself or the shell has exited. It returns an error if the
	// guest's agent is too old.
	Program(ctx context.Context) (name string, err error)
}

// shellEnv describes the window's terminal to the guest's programs.
var shellEnv = []string{"TERM=xterm-256color", "COLORTERM=truecolor"}

// Shell opens a shell in a running VM's guest through its agent. It waits for a guest that is
// still booting, and returns client.ErrNoAgent after a timeout. The shell is killed when
// ctx is done.
func (s *Service) Shell(ctx context.Context, name string, size TerminalSize) (Shell, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpShellOpen, VM: name})
	}
	vmClient, err := s.connect(ctx, e.Name)
	if err == nil {
		err = waitForAgent(ctx, vmClient)
	}
	if err != nil {
		if vmClient != nil {
			vmClient.Close()
		}
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpShellOpen, VM: e.Name})
	}
	return newShell(ctx, vmClient, size), nil
}

// shell is a login shell, which a goroutine runs on a terminal in the guest.
type shell struct {
	output            *io.PipeReader
	input             *io.PipeWriter
	sizes             chan TerminalSize
	foregroundQueries chan agent.ForegroundQuery
	cancel            context.CancelFunc

	exited chan struct{} // closed after code and err are set
	code   int
	err    error
}

func newShell(ctx context.Context, vmClient *client.Client, size TerminalSize) *shell {
	ctx, cancel := context.WithCancel(ctx)
	output, outputWriter := io.Pipe()
	inputReader, inputWriter := io.Pipe()
	s := &shell{
		output: output, input: inputWriter, sizes: make(chan TerminalSize, 1),
		foregroundQueries: make(chan agent.ForegroundQuery),
		cancel:            cancel, exited: make(chan struct{}),
	}
	command := GuestCommand{
		Stdin: inputReader, Stdout: outputWriter, Env: shellEnv,
		Terminal: &GuestTerminal{Size: size, Resized: s.sizes, foregroundQueries: s.foregroundQueries},
	}
	go func() {
		defer vmClient.Close()
		defer cancel()
		defer context.AfterFunc(ctx, func() { outputWriter.CloseWithError(ctx.Err()) })()
		s.code, s.err = vmClient.Exec(ctx, command.agentCommand())
		close(s.exited)
		inputReader.Close()
		outputWriter.Close()
	}()
	return s
}

func (s *shell) Read(b []byte) (int, error) { return s.output.Read(b) }

func (s *shell) Write(b []byte) (int, error) { return s.input.Write(b) }

// Close kills the shell and does not wait for its exit.
func (s *shell) Close() error {
	s.cancel()
	s.output.Close()
	return s.input.Close()
}

// Resize does not block: it replaces a size that has not been sent yet.
func (s *shell) Resize(_ context.Context, cols, rows int) error {
	size := TerminalSize{Columns: uint16(cols), Rows: uint16(rows)}
	for {
		select {
		case s.sizes <- size:
			return nil
		default:
		}
		select {
		case <-s.sizes:
		default:
		}
	}
}

func (s *shell) Exit() (int, error) {
	<-s.exited
	return s.code, s.err
}

func (s *shell) Program(ctx context.Context) (string, error) {
	type answer struct {
		name string
		err  error
	}
	answers := make(chan answer, 1)
	select {
	case s.foregroundQueries <- func(name string, err error) { answers <- answer{name, err} }:
	case <-s.exited:
		return "", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case a := <-answers:
		return a.name, a.err
	case <-s.exited:
		return "", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
