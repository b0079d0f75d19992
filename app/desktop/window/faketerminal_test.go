package window

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"vmterminal/app"
)

func (f *fakeService) Console(_ context.Context, name string) (app.Console, error) {
	if err := f.called("Console", name); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.consoles[name]; c != nil {
		return c, nil
	}
	return nil, app.ErrStopped
}

func (f *fakeService) Shell(ctx context.Context, name string, size app.TerminalSize) (app.Shell, error) {
	if err := f.called("Shell", name); err != nil {
		return nil, err
	}
	if f.shellGate != nil {
		<-f.shellGate
	}
	sh := &fakeShell{fakeConsole: newFakeConsole(name), ended: make(chan struct{})}
	sh.size = [2]int{int(size.Columns), int(size.Rows)}
	context.AfterFunc(ctx, func() { sh.exit(-1) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shells = append(f.shells, sh)
	return sh, nil
}

func (f *fakeService) LastConsole(_ context.Context, name string) ([]byte, error) {
	return []byte("\x1b[32mlast words\x1b[0m of " + name + "\r\n"), f.called("LastConsole", name)
}

// fakeConsole prints a greeting and echoes and records its input.
type fakeConsole struct {
	out  *io.PipeReader
	in   *io.PipeWriter
	mu   sync.Mutex
	got  []byte
	size [2]int
}

func newFakeConsole(name string) *fakeConsole {
	c := &fakeConsole{}
	c.out, c.in = io.Pipe()
	go fmt.Fprintf(c.in, "Linux 7.1 on %s\r\n%s:~# ", name, name)
	return c
}

func (c *fakeConsole) Read(b []byte) (int, error) { return c.out.Read(b) }

func (c *fakeConsole) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.got = append(c.got, b...)
	c.mu.Unlock()
	go func() { _, _ = c.in.Write(b) }() // the reader may be slow or closed
	return len(b), nil
}

func (c *fakeConsole) Close() error { return c.out.Close() }

func (c *fakeConsole) Resize(_ context.Context, cols, rows int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = [2]int{cols, rows}
	return nil
}

// typed returns the input so far.
func (c *fakeConsole) typed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.got)
}

func (c *fakeConsole) end() { _ = c.in.Close() }

// fakeShell is a fakeConsole that can exit.
type fakeShell struct {
	*fakeConsole

	once  sync.Once
	ended chan struct{}
	code  int
	// foreground is the program running in the shell, or nil; "?" means that the guest cannot
	// report it.
	foreground atomic.Pointer[string]
}

// runs starts a program in the shell.
func (s *fakeShell) runs(program string) { s.foreground.Store(&program) }

func (s *fakeShell) Program(context.Context) (string, error) {
	switch program := s.foreground.Load(); {
	case program == nil:
		return "", nil
	case *program == "?":
		return "", errors.New("not supported by the guest's agent")
	default:
		return *program, nil
	}
}

// exit ends the shell with an exit code; -1 means that its VM was stopped.
func (s *fakeShell) exit(code int) {
	s.once.Do(func() {
		s.code = code
		close(s.ended)
		s.end()
	})
}

func (s *fakeShell) Exit() (int, error) {
	<-s.ended
	if s.code < 0 {
		return 0, errors.New("the VM stopped before the command ended")
	}
	return s.code, nil
}

func (s *fakeShell) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// shell returns the nth shell opened, counted from 1, or nil.
func (d *desk) shell(n int) *fakeShell {
	d.svc.mu.Lock()
	defer d.svc.mu.Unlock()
	if len(d.svc.shells) < n {
		return nil
	}
	return d.svc.shells[n-1]
}
