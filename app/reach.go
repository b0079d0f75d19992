package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"vmterminal/vm/host"
)

// reach connects to the host process of a running VM. One that was killed is
// replaced: a new host process takes the VM over. ErrStopped when it does not
// run.
func (s *Service) reach(ctx context.Context, name string) (*host.Client, error) {
	dir := s.vms.Dir(name)
	client, err := host.Connect(ctx, dir, s.opt.Home.Run())
	var orphan *host.Orphan
	if errors.As(err, &orphan) && s.adoptions.due(orphan.QEMUPID) {
		if err := s.adopt(ctx, name); err != nil {
			return nil, err
		}
		client, err = host.Connect(ctx, dir, s.opt.Home.Run())
	}
	if errors.Is(err, host.ErrNotRunning) {
		return nil, fmt.Errorf("%w ('%s')", ErrStopped, name)
	}
	return client, err
}

// adopt gives a VM a new host process. When ctx ends nobody waits for it any
// longer, but it goes on: told to end, it would stop the VM.
func (s *Service) adopt(ctx context.Context, name string) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Another program may do the same now; only what Connect finds counts.
		_ = host.Launch(context.WithoutCancel(ctx), s.opt.Program, []string{HostCommand, "--vm", name, "--adopt"}, nil)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// adoptAgain is how long a failed adoption is left alone.
const adoptAgain = 30 * time.Second

// adoptions remembers which lost VMs were tried to be taken over, and when.
type adoptions struct {
	mu    sync.Mutex
	tried map[int]time.Time // by QEMU's pid
}

func (a *adoptions) due(pid int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.tried[pid]) < adoptAgain {
		return false
	}
	if a.tried == nil {
		a.tried = map[int]time.Time{}
	}
	a.tried[pid] = time.Now()
	return true
}
