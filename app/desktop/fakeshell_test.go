//go:build !nogui

package desktop

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// fakeShell is a fakeConsole that ends by itself or is ended.
type fakeShell struct {
	*fakeConsole

	once  sync.Once
	ended chan struct{}
	code  int
	// inFront is the program that has the keyboard; "?" is a guest that cannot tell.
	inFront atomic.Pointer[string]
}

// runs makes a program run in it.
func (s *fakeShell) runs(program string) { s.inFront.Store(&program) }

func (s *fakeShell) Program(context.Context) (string, error) {
	switch program := s.inFront.Load(); {
	case program == nil:
		return "", nil
	case *program == "?":
		return "", errors.New("not supported by the guest's agent")
	default:
		return *program, nil
	}
}

// exit ends it, with -1 as if something else had.
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

// shell is the fake shell opened as that one, counted from 1; nil if it was not.
func (d *desk) shell(n int) *fakeShell {
	d.svc.mu.Lock()
	defer d.svc.mu.Unlock()
	if len(d.svc.shells) < n {
		return nil
	}
	return d.svc.shells[n-1]
}
