package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/host"
	"vmterminal/vm/qemu"
)

// Forward leads a TCP port of this computer's 127.0.0.1 into the guest.
type Forward = vm.Forward

// ErrNoForward says that a port is not forwarded.
var ErrNoForward = errors.New("no such forward")

// ParseForwards reads forwards as people write them: 8080:80, the port of this
// computer first; several with commas or blanks between.
func ParseForwards(text string) ([]Forward, error) {
	list, err := vm.ParseForwards(text)
	return list, failed(err, "Nothing was changed.", "forward %s", Plain(text))
}

// ForwardsLive tells whether a change of the VM's forwards counts at once.
func (v VM) ForwardsLive() bool { return v.State.Alive() && v.ForwardsNow != nil }

// PendingForwards is what leads into the guest only from the VM's next start on.
func (v VM) PendingForwards() []Forward {
	if !v.ForwardsLive() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.Forwards), func(f Forward) bool { return slices.Contains(v.ForwardsNow, f) })
}

// OldForwards is what leads into the guest until the VM stops, and then no longer.
func (v VM) OldForwards() []Forward {
	return slices.DeleteFunc(slices.Clone(v.ForwardsNow), func(f Forward) bool { return slices.Contains(v.Forwards, f) })
}

// Forwarding tells whether what is forwarded is to change; Rest is all else.
func (to VMSettings) Forwarding() bool {
	return len(to.Forward)+len(to.Unforward) > 0 || to.UnforwardAll
}

// Rest is the settings without what is forwarded.
func (to VMSettings) Rest() VMSettings {
	to.Forward, to.Unforward, to.UnforwardAll = nil, nil, false
	return to
}

func (to VMSettings) applyForwards(n *vm.Network) error {
	if to.UnforwardAll {
		n.Forwards, to.Unforward = nil, nil
	}
	for _, port := range to.Unforward {
		if !slices.ContainsFunc(n.Forwards, func(f Forward) bool { return f.Host == port }) {
			return fmt.Errorf("%w: port %d of this computer is not forwarded", ErrNoForward, port)
		}
		*n = n.Without(port)
	}
	for _, f := range to.Forward {
		*n = n.With(f)
	}
	return nil
}

// acceptForwards changes a VM's settings and, in a running VM that can do so, what
// leads into the guest: both or neither. The list of VMs is locked meanwhile, so
// that two who change forwards do it one after the other.
func (s *Service) acceptForwards(ctx context.Context, name string, apply func(*vm.VM) error) error {
	client, before, err := s.forwarder(ctx, name)
	if err != nil {
		return err
	}
	if client == nil {
		return s.vms.Update(name, apply)
	}
	defer client.Close()
	changed := false
	err = s.vms.Update(name, func(v *vm.VM) error {
		err := apply(v)
		if err == nil {
			err = v.Check()
		}
		if err == nil {
			err = client.SetForwards(ctx, qemuForwards(v.Network.Forwards))
			changed = err == nil
		}
		return err
	})
	if changed && err != nil && !errors.Is(err, ondisk.ErrNotDurable) {
		err = errors.Join(err, client.SetForwards(ctx, before))
	}
	return err
}

// forwarder is a client of a VM whose forwards can be changed while it runs, and
// what they are; nil if there is none, so that the settings alone can change.
func (s *Service) forwarder(ctx context.Context, name string) (*host.Client, []qemu.Forward, error) {
	client, err := s.reach(ctx, name)
	if err != nil {
		return nil, nil, ctx.Err()
	}
	now, err := client.State(ctx)
	if err == nil && now.State == host.Starting {
		err = fmt.Errorf("%w: the VM is still starting", host.ErrBusy)
	}
	switch {
	case errors.Is(err, host.ErrBusy) || ctx.Err() != nil:
		client.Close()
		return nil, nil, err
	case err != nil || now.State == host.Stopping || now.Forwards == nil:
		client.Close()
		return nil, nil, nil
	}
	return client, now.Forwards, nil
}

func qemuForwards(list []Forward) (out []qemu.Forward) {
	for _, f := range list {
		out = append(out, qemu.Forward{HostPort: f.Host, GuestPort: f.Guest})
	}
	return out
}

// forwardsNow is what the host process says; nil stays nil.
func forwardsNow(list []qemu.Forward) []Forward {
	if list == nil {
		return nil
	}
	now := []Forward{}
	for _, f := range list {
		now = append(now, Forward{Host: f.HostPort, Guest: f.GuestPort})
	}
	return now
}
