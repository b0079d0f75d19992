package window

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

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
