package app

import (
	"context"
	"errors"
	"os"
	"syscall"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/host"
)

// VMs returns all VMs by name, each with its present state. Notes tell, a line
// each, what was found amiss in the store and mended.
func (s *Service) VMs(ctx context.Context) ([]VM, []string, error) {
	entries, notes, err := s.vms.List()
	if err != nil {
		return nil, notes, failed(err, "", "list the VMs")
	}
	active := s.activeName()
	list := make([]VM, len(entries))
	for i, e := range entries {
		list[i] = s.look(ctx, e, active)
	}
	return list, notes, nil
}

// VM returns one VM with its present state; "" means the active one.
func (s *Service) VM(ctx context.Context, name string) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, failed(err, "", "find %s", called(name))
	}
	return s.look(ctx, e, s.activeName()), nil
}

// called names a VM in messages, also when it is the unnamed active one.
func called(name string) Phrase {
	if name == "" {
		return phrase("the active VM")
	}
	return phrase("VM '%s'", name)
}

func (s *Service) activeName() string {
	e, err := s.vms.Active()
	if err != nil {
		return ""
	}
	return e.Name
}

func (s *Service) look(ctx context.Context, e vm.Entry, active string) VM {
	dir := s.vms.Dir(e.Name)
	v := VM{
		Name: e.Name, Active: e.Name == active, State: Stopped,
		Image: e.Image, CPUs: e.CPUs, MemoryMB: e.MemoryMB, Created: e.Created, MAC: e.MAC,
		Isolated: e.Network.Isolated, Forwards: e.Network.Forwards,
		Shares: shares(e.Shares), UEFI: e.Boot == vm.BootUEFI,
		Dir: string(dir), Accel: e.Accel,
	}
	v.DiskSize, v.DiskUsed = sizes(dir.Disk())
	_, v.UndoUsed = sizes(dir.Undo())
	v.Snapshots, v.LastSnapshot = s.snapshotSummary(ctx, dir)
	if held, holder := ondisk.Held(dir.JobLock()); held {
		v.Doing = holder.Doing
	}
	s.lookAtHost(ctx, dir, &v)
	v.Automatic = lookAtAutomatic(e.Automatic, dir, v.State)
	if e.Broken != nil {
		v.Problem = Plain(e.Broken.Error())
		if !v.State.Alive() {
			v.State = Broken
		}
	}
	return v
}

// lookAtHost fills in what the host process of a running VM says.
func (s *Service) lookAtHost(ctx context.Context, dir ondisk.VMDir, v *VM) {
	client, err := s.reach(ctx, v.Name)
	if errors.Is(err, ErrStopped) {
		v.Left, v.LeftAt = host.LastLeft(dir)
		return
	}
	var st host.State
	if err == nil {
		defer client.Close()
		st, err = client.State(ctx)
	}
	if err != nil {
		v.State, v.Problem = Lost, Plain(err.Error())
		return
	}
	v.State = VMState(st.State)
	if v.State == Paused {
		v.Problem = Plain(st.Reason) // "" when somebody asked for it
	}
	v.Accelerator, v.AcceleratorWhy = st.Accelerator, Plain(st.Why)
	v.Since, v.Agent = st.Since, st.Agent
	v.shareProblems(st.Shares)
	v.ForwardsNow = forwardsNow(st.Forwards)
	v.CPUTime, v.MemoryUsed = st.Usage.CPUTime, st.Usage.Memory
	for _, a := range st.Addresses {
		v.Addresses = append(v.Addresses, Plain(a))
	}
}

// sizes returns a file's length and what it takes on the disk, in bytes.
func sizes(path string) (length, used int64) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		used = st.Blocks * 512
	}
	return info.Size(), used
}
