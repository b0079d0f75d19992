package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"vmterminal/vm/supervisor"
	"vmterminal/vm/supervisor/client"
)

// connect connects to the supervisor of a running VM. If the supervisor was killed, connect
// starts a new one that takes over the VM. It returns ErrStopped if the VM is not running.
func (s *Service) connect(ctx context.Context, name string) (*client.Client, error) {
	dir := s.vms.Dir(name)
	vmClient, err := client.Connect(ctx, dir, s.opt.Home.Run(), s.opt.Log)
	var orphan *client.Orphan
	if errors.As(err, &orphan) && s.adoptions.claimAttempt(orphan.QEMUPID) {
		s.opt.Log.Debug("the supervisor is gone; starting another", "vm", name, "qemu_pid", orphan.QEMUPID)
		if err := s.adoptVM(ctx, name); err != nil {
			return nil, err
		}
		vmClient, err = client.Connect(ctx, dir, s.opt.Home.Run(), s.opt.Log)
	}
	if errors.Is(err, client.ErrNotRunning) {
		return nil, fmt.Errorf("%w ('%s')", ErrStopped, name)
	}
	return vmClient, err
}

// adoptVM starts a new supervisor for a VM. It stops waiting when ctx is done, but does not kill
// the supervisor, because that would stop the VM.
func (s *Service) adoptVM(ctx context.Context, name string) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Errors are ignored: another process may have taken over the VM, and the next Connect
		// will show the result.
		_ = supervisor.Launch(context.WithoutCancel(ctx), s.opt.Program, []string{SupervisorCommand, "--vm", name, "--adopt"}, s.supervisorEnv())
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// adoptRetryInterval is the minimum time between attempts to take over a VM.
const adoptRetryInterval = 30 * time.Second

// adoptions records when this process last tried to take over each VM.
type adoptions struct {
	mu           sync.Mutex
	lastAttempts map[int]time.Time // by QEMU's pid
}

func (a *adoptions) claimAttempt(pid int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.lastAttempts[pid]) < adoptRetryInterval {
		return false
	}
	if a.lastAttempts == nil {
		a.lastAttempts = map[int]time.Time{}
	}
	a.lastAttempts[pid] = time.Now()
	return true
}
