//go:build !nogui

package desktop

import (
	"errors"
	"sync"
)

// fakeShell is a fakeConsole that ends by itself or is ended.
type fakeShell struct {
	*fakeConsole

	once  sync.Once
	ended chan struct{}
	code  int
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
