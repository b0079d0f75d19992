package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// ErrForwards says that a running VM's forwards are neither as before nor as wanted.
var ErrForwards = errors.New("not as before")

type forwardsRequest struct {
	Forwards []qemu.Forward `json:"forwards"`
}

// SetForwards makes just these ports lead into the guest, from now on; connections
// that were made before stay. ErrPort names a port that cannot be had. After an
// error all is as before, but for what ErrForwards tells.
// State.Forwards tells whether the host process can do this.
func (c *Client) SetForwards(ctx context.Context, want []qemu.Forward) error {
	return c.call(ctx, http.MethodPut, "/v1/forwards", forwardsRequest{want}, nil)
}

func (a *api) setForwards(w http.ResponseWriter, r *http.Request) {
	var req forwardsRequest
	if readBody(w, r, &req) {
		// Who asked may leave; it is not left half done.
		answer(w, a.m.setForwards(context.WithoutCancel(r.Context()), req.Forwards))
	}
}

// setForwards changes what QEMU forwards, and what a QEMU that takes its place would.
func (m *machine) setForwards(ctx context.Context, want []qemu.Forward) error {
	if err := checkForwards(want); err != nil {
		return err
	}
	if !m.starting.TryLock() {
		return fmt.Errorf("%w: the VM is still starting", ErrBusy)
	}
	defer m.starting.Unlock()
	m.mu.Lock()
	control := m.qmp
	m.mu.Unlock()
	if m.stopping.isBegun() || control == nil {
		return fmt.Errorf("%w: the VM is stopping", ErrBusy)
	}
	limited, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	defer m.noteForwards(ctx, control)
	now, err := qemu.Forwards(limited, control)
	if err != nil {
		return err
	}
	change := forwardChange{control: control, drop: without(now, want), add: without(want, now)}
	if err := change.make(limited); err != nil {
		return err
	}
	m.spec.Forwards = slices.Clone(want)
	return nil
}

// noteForwards shows on the board what leads into the guest, as QEMU itself says.
func (m *machine) noteForwards(ctx context.Context, control *qmp.Client) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	list, err := qemu.Forwards(ctx, control)
	if err != nil {
		m.note(err.Error())
	}
	m.board.update(EventState, func(s *State) { s.Forwards = list })
}

func checkForwards(list []qemu.Forward) error {
	taken := map[int]bool{}
	for _, f := range list {
		if err := f.Check(); err != nil {
			return fmt.Errorf("%w: %w", ErrBadSpec, err)
		}
		if taken[f.HostPort] {
			return fmt.Errorf("%w: port %d of this computer is forwarded twice", ErrBadSpec, f.HostPort)
		}
		taken[f.HostPort] = true
	}
	return nil
}

// without is the forwards of list that are not in other.
func without(list, other []qemu.Forward) []qemu.Forward {
	return slices.DeleteFunc(slices.Clone(list), func(f qemu.Forward) bool { return slices.Contains(other, f) })
}

// forwardChange is what is to be another way in a running QEMU.
type forwardChange struct {
	control   *qmp.Client
	drop, add []qemu.Forward
}

// make drops before it adds: the same port may lead elsewhere. After an error it
// has taken back what it did.
func (c forwardChange) make(ctx context.Context) error {
	free := slices.DeleteFunc(slices.Clone(c.add), func(f qemu.Forward) bool {
		return slices.ContainsFunc(c.drop, func(d qemu.Forward) bool { return d.HostPort == f.HostPort })
	})
	if err := checkPorts(free); err != nil {
		return err
	}
	for i, f := range c.drop {
		if err := qemu.RemoveForward(ctx, c.control, f); err != nil {
			return c.takeBack(ctx, c.drop[:begun(i, err)], nil, fmt.Errorf("end the forward of port %d: %w", f.HostPort, err))
		}
	}
	for i, f := range c.add {
		if err := qemu.AddForward(ctx, c.control, f); err != nil {
			return c.takeBack(ctx, c.drop, c.add[:begun(i, err)], fmt.Errorf("port %d of this computer %w: %w", f.HostPort, ErrPort, err))
		}
	}
	return nil
}

// begun is how many steps may have been done when the i-th failed: without an
// answer nobody knows.
func begun(i int, err error) int {
	if errors.Is(err, qemu.ErrRefused) {
		return i
	}
	return i + 1
}

// takeBack undoes what was done before cause; what it cannot is told with it, and
// then it is ErrForwards.
func (c forwardChange) takeBack(ctx context.Context, dropped, added []qemu.Forward, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLimit)
	defer cancel()
	for _, f := range added {
		if err := qemu.RemoveForward(ctx, c.control, f); err != nil {
			cause = fmt.Errorf("%w; %w: port %d of this computer may lead into the guest (%w)", cause, ErrForwards, f.HostPort, err)
		}
	}
	for _, f := range dropped {
		if err := qemu.AddForward(ctx, c.control, f); err != nil {
			cause = fmt.Errorf("%w; %w: port %d of this computer may lead nowhere (%w)", cause, ErrForwards, f.HostPort, err)
		}
	}
	return cause
}
