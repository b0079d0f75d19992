package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// Forward forwards a TCP port on 127.0.0.1 of the host to a port of the guest.
type Forward = vm.Forward

// ErrNoForward means that a port is not forwarded.
var ErrNoForward = errors.New("no such forward")

// ParseForwards parses forwards such as 8080:80, host port first, separated by commas or
// blanks.
func ParseForwards(text string) ([]Forward, error) {
	list, err := vm.ParseForwards(text)
	return list, wrapFailure(err, problem.Operation{Code: problem.OpForwardSet, Value: text}, problem.NothingChanged)
}

// ForwardsLive reports whether a change of the VM's forwards takes effect at once.
func (v VM) ForwardsLive() bool { return v.State.Alive() && v.ForwardsNow != nil }

// PendingForwards returns the forwards that take effect at the VM's next start.
func (v VM) PendingForwards() []Forward {
	if !v.ForwardsLive() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.Forwards), func(f Forward) bool { return slices.Contains(v.ForwardsNow, f) })
}

// RemovedForwards returns the removed forwards that stay active until the VM stops.
func (v VM) RemovedForwards() []Forward {
	return slices.DeleteFunc(slices.Clone(v.ForwardsNow), func(f Forward) bool { return slices.Contains(v.Forwards, f) })
}

// ChangesForwards reports whether the settings change forwards.
func (changes VMSettings) ChangesForwards() bool {
	return len(changes.Forward)+len(changes.Unforward) > 0 || changes.UnforwardAll
}

// WithoutForwards returns the settings without changes of forwards.
func (changes VMSettings) WithoutForwards() VMSettings {
	changes.Forward, changes.Unforward, changes.UnforwardAll = nil, nil, false
	return changes
}

func (changes VMSettings) applyForwards(n *vm.Network) error {
	if changes.UnforwardAll {
		n.Forwards, changes.Unforward = nil, nil
	}
	for _, port := range changes.Unforward {
		if !slices.ContainsFunc(n.Forwards, func(f Forward) bool { return f.Host == port }) {
			return fmt.Errorf("%w: port %d of the host is not forwarded", ErrNoForward, port)
		}
		*n = n.Without(port)
	}
	for _, f := range changes.Forward {
		*n = n.With(f)
	}
	return nil
}

// updateForwards changes the settings of a VM and, if its supervisor supports it, its active
// forwards. Either both change or neither does. The list of VMs stays locked, so that
// concurrent changes do not interleave.
func (s *Service) updateForwards(ctx context.Context, name string, apply func(*vm.VM) error) error {
	vmClient, before, err := s.connectForForwards(ctx, name)
	if err != nil {
		return err
	}
	if vmClient == nil {
		return s.vms.Update(name, apply)
	}
	defer vmClient.Close()
	changed := false
	err = s.vms.Update(name, func(v *vm.VM) error {
		err := apply(v)
		if err == nil {
			err = v.Check()
		}
		if err == nil {
			err = vmClient.SetForwards(ctx, qemuForwards(v.Network.Forwards))
			changed = err == nil
		}
		return err
	})
	if changed && err != nil && !errors.Is(err, durable.ErrNotDurable) {
		err = errors.Join(err, vmClient.SetForwards(ctx, before))
	}
	return err
}

// connectForForwards returns a client and the active forwards of a running VM whose forwards can
// be changed. The client is nil if only the settings can be changed.
func (s *Service) connectForForwards(ctx context.Context, name string) (*client.Client, []qemu.Forward, error) {
	vmClient, err := s.connect(ctx, name)
	if err != nil {
		return nil, nil, ctx.Err()
	}
	now, err := vmClient.State(ctx)
	if err == nil && now.State == client.Starting {
		err = fmt.Errorf("%w: the VM is still starting", client.ErrBusy)
	}
	switch {
	case errors.Is(err, client.ErrBusy) || ctx.Err() != nil:
		vmClient.Close()
		return nil, nil, err
	case err != nil || now.State == client.Stopping || now.Forwards == nil:
		vmClient.Close()
		return nil, nil, nil
	}
	return vmClient, now.Forwards, nil
}

func qemuForwards(list []Forward) (out []qemu.Forward) {
	for _, f := range list {
		out = append(out, qemu.Forward{HostPort: f.Host, GuestPort: f.Guest})
	}
	return out
}

// forwardsFromQEMU converts the supervisor's list; nil stays nil.
func forwardsFromQEMU(list []qemu.Forward) []Forward {
	if list == nil {
		return nil
	}
	now := []Forward{}
	for _, f := range list {
		now = append(now, Forward{Host: f.HostPort, Guest: f.GuestPort})
	}
	return now
}
