package app

import (
	"context"
	"io"

	"vmterminal/vm/agent"
	"vmterminal/vm/host"
)

// Shell is root's login shell on a terminal of its own in a guest. Read returns
// io.EOF when it has ended, and Exit then tells how: a shell whose output nobody
// reads waits with it. Close ends it.
type Shell interface {
	Console
	// Exit waits until the shell has ended and its output was read, or it was
	// closed or cancelled, and returns its exit code, or what ended it from outside.
	Exit() (code int, err error)
	// Program is the name of the program that has the shell's keyboard, as the guest
	// tells it; "" when the shell waits for a line, or has ended. An error means that
	// it cannot be told, as by a guest whose agent is older.
	Program(ctx context.Context) (name string, err error)
}

// shellEnv tells the guest's programs what the window's terminal can do.
var shellEnv = []string{"TERM=xterm-256color", "COLORTERM=truecolor"}

// Shell opens a shell in a running VM's guest through its agent, and waits for
// that of a guest that is still booting; host.ErrNoAgent when it does not come.
// The shell ends with ctx at the latest.
func (s *Service) Shell(ctx context.Context, name string, size TerminalSize) (Shell, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, failed(err, "", "open a shell in %s", called(name))
	}
	client, err := s.reach(ctx, e.Name)
	if err == nil {
		err = waitForAgent(ctx, client)
	}
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, failed(err, "", "open a shell in VM '%s'", e.Name)
	}
	return newShell(ctx, client, size), nil
}

// shell is a command on a terminal, run by a goroutine that ends with it.
type shell struct {
	output *io.PipeReader
	typed  *io.PipeWriter
	sizes  chan TerminalSize
	asked  chan agent.Question
	cancel context.CancelFunc

	ended chan struct{} // closed when code and err are there
	code  int
	err   error
}

func newShell(ctx context.Context, client *host.Client, size TerminalSize) *shell {
	ctx, cancel := context.WithCancel(ctx)
	output, written := io.Pipe()
	keys, typed := io.Pipe()
	s := &shell{
		output: output, typed: typed, sizes: make(chan TerminalSize, 1),
		asked:  make(chan agent.Question),
		cancel: cancel, ended: make(chan struct{}),
	}
	command := GuestCommand{
		Stdin: keys, Stdout: written, Env: shellEnv,
		Terminal: &GuestTerminal{Size: size, Resized: s.sizes, asked: s.asked},
	}
	go func() {
		defer client.Close()
		defer cancel()
		defer context.AfterFunc(ctx, func() { written.CloseWithError(ctx.Err()) })()
		s.code, s.err = client.Exec(ctx, command.asked())
		close(s.ended)
		keys.Close()
		written.Close()
	}()
	return s
}

func (s *shell) Read(b []byte) (int, error) { return s.output.Read(b) }

func (s *shell) Write(b []byte) (int, error) { return s.typed.Write(b) }

// Close ends the shell and does not wait for that.
func (s *shell) Close() error {
	s.cancel()
	s.output.Close()
	return s.typed.Close()
}

// Resize never waits: a size that was not sent yet gives way to the newest.
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
	<-s.ended
	return s.code, s.err
}

func (s *shell) Program(ctx context.Context) (string, error) {
	type answer struct {
		name string
		err  error
	}
	got := make(chan answer, 1)
	select {
	case s.asked <- func(name string, err error) { got <- answer{name, err} }:
	case <-s.ended:
		return "", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case a := <-got:
		return a.name, a.err
	case <-s.ended:
		return "", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
