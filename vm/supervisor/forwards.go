package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

func (a *api) setForwards(w http.ResponseWriter, r *http.Request) {
	var req client.ForwardsRequest
	if readBody(w, r, &req) {
		// The change is completed even if the client disconnects.
		sendResult(w, a.m.setForwards(context.WithoutCancel(r.Context()), req.Forwards))
	}
}

// setForwards changes QEMU's forwards and those that a restart with TCG will use.
func (m *machine) setForwards(ctx context.Context, want []qemu.Forward) error {
	if err := checkForwards(want); err != nil {
		return err
	}
	if !m.startMu.TryLock() {
		return fmt.Errorf("%w: the VM is still starting", client.ErrBusy)
	}
	defer m.startMu.Unlock()
	control := m.currentQMP()
	if m.shutdown.isStarted() || control == nil {
		return fmt.Errorf("%w: the VM is stopping", client.ErrBusy)
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	defer m.refreshForwards(ctx, control)
	now, err := qemu.Forwards(limited, control)
	if err != nil {
		return err
	}
	change := forwardChange{control: control, remove: subtractForwards(now, want), add: subtractForwards(want, now)}
	if err := change.apply(limited); err != nil {
		return err
	}
	m.spec.Forwards = slices.Clone(want)
	return nil
}

// refreshForwards updates the state with the forwards that QEMU reports.
func (m *machine) refreshForwards(ctx context.Context, control *qmp.Client) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	list, err := qemu.Forwards(ctx, control)
	if err != nil {
		m.noteLog.writeNote(err.Error())
	}
	m.state.update(client.EventState, func(s *client.State) { s.Forwards = list })
}

func checkForwards(list []qemu.Forward) error {
	taken := map[int]bool{}
	for _, f := range list {
		if err := f.Check(); err != nil {
			return fmt.Errorf("%w: %w", client.ErrBadSpec, err)
		}
		if taken[f.HostPort] {
			return fmt.Errorf("%w: host port %d is forwarded twice", client.ErrBadSpec, f.HostPort)
		}
		taken[f.HostPort] = true
	}
	return nil
}

// subtractForwards returns the forwards of list that are not in other.
func subtractForwards(list, other []qemu.Forward) []qemu.Forward {
	return slices.DeleteFunc(slices.Clone(list), func(f qemu.Forward) bool { return slices.Contains(other, f) })
}

// forwardChange is a change of the forwards of a running QEMU.
type forwardChange struct {
	control     *qmp.Client
	remove, add []qemu.Forward
}

// apply removes forwards before it adds others, as both may use the same host port.
// After an error it rolls back.
func (c forwardChange) apply(ctx context.Context) error {
	free := slices.DeleteFunc(slices.Clone(c.add), func(f qemu.Forward) bool {
		return slices.ContainsFunc(c.remove, func(d qemu.Forward) bool { return d.HostPort == f.HostPort })
	})
	if err := checkPorts(free); err != nil {
		return err
	}
	for i, f := range c.remove {
		if err := qemu.RemoveForward(ctx, c.control, f); err != nil {
			return c.rollBack(ctx, c.remove[:possiblyDone(i, err)], nil, fmt.Errorf("remove the forward of host port %d: %w", f.HostPort, err))
		}
	}
	for i, f := range c.add {
		if err := qemu.AddForward(ctx, c.control, f); err != nil {
			return c.rollBack(ctx, c.remove, c.add[:possiblyDone(i, err)], fmt.Errorf("host port %d %w: %w", f.HostPort, client.ErrPort, err))
		}
	}
	return nil
}

// possiblyDone returns how many steps may have been done when step i failed: without
// an answer from QEMU, that step may have been done as well.
func possiblyDone(i int, err error) int {
	if errors.Is(err, qemu.ErrRefused) {
		return i
	}
	return i + 1
}

// rollBack undoes the given steps and returns cause, the error that stopped the change.
// It adds ErrForwards to cause for each step that it cannot undo.
func (c forwardChange) rollBack(ctx context.Context, dropped, added []qemu.Forward, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	for _, f := range added {
		if err := qemu.RemoveForward(ctx, c.control, f); err != nil {
			cause = fmt.Errorf("%w; %w: host port %d may still be forwarded (%w)", cause, client.ErrForwards, f.HostPort, err)
		}
	}
	for _, f := range dropped {
		if err := qemu.AddForward(ctx, c.control, f); err != nil {
			cause = fmt.Errorf("%w; %w: host port %d may no longer be forwarded (%w)", cause, client.ErrForwards, f.HostPort, err)
		}
	}
	return cause
}
