package app

import (
	"context"
	"errors"
	"os"
	"syscall"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

// VMs returns all VMs with their current states, sorted by name. The notes describe repairs to
// the store, one line each.
func (s *Service) VMs(ctx context.Context) ([]VM, []string, error) {
	entries, notes, err := s.vms.List()
	if err == nil && s.sweepTemporary(ctx, entries) {
		entries, notes, err = s.vms.List()
	}
	if err != nil {
		return nil, notes, wrapFailure(err, problem.Operation{Code: problem.OpVMList})
	}
	active := s.activeName()
	list := make([]VM, len(entries))
	for i, e := range entries {
		list[i] = s.describeVM(ctx, e, active)
	}
	return list, notes, nil
}

// VM returns a VM with its current state. An empty name selects the active VM.
func (s *Service) VM(ctx context.Context, name string) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMFind, VM: name})
	}
	return s.describeVM(ctx, e, s.activeName()), nil
}

func (s *Service) activeName() string {
	e, err := s.vms.Active()
	if err != nil {
		return ""
	}
	return e.Name
}

func (s *Service) describeVM(ctx context.Context, e vm.Entry, active string) VM {
	dir := s.vms.Dir(e.Name)
	v := VM{
		Name: e.Name, Active: e.Name == active, State: Stopped,
		Image: e.Image, CPUs: e.CPUs, MemoryMB: e.MemoryMB, Created: e.Created, MAC: e.MAC,
		Isolated: e.Network.Isolated, Forwards: e.Network.Forwards,
		Shares: sharesFromSettings(e.Shares), UEFI: e.Boot == vm.BootUEFI,
		Dir: string(dir), Accel: e.Accel, Temporary: e.Temporary,
	}
	v.DiskSize, v.DiskUsed, v.Filling = describeDisk(dir)
	_, v.UndoUsed, _, _ = snapshot.Open(SnapshotPaths(dir)).UndoInfo() // 0 without an undo disk
	v.Snapshots, v.LastSnapshot = s.snapshotSummary(ctx, dir)
	if held, holder := durable.IsLocked(dir.JobLock()); held {
		v.Activity = plainActivity(holder.Activity)
	}
	s.addSupervisorState(ctx, dir, &v)
	if e.Temporary {
		v.Filling = nil // it is not filled in
	}
	v.Automatic = newAutomaticState(e.Automatic, dir, v.State)
	if e.Broken != nil {
		if !v.DiskReplaced {
			v.Problem = Explain(e.Broken)
		}
		if !v.State.Alive() {
			v.State = Broken
		}
	}
	return v
}

// addSupervisorState adds the state that the VM's supervisor reports or, if the VM is stopped,
// its last exit.
func (s *Service) addSupervisorState(ctx context.Context, dir home.VMDir, v *VM) {
	vmClient, err := s.connect(ctx, v.Name)
	if errors.Is(err, ErrStopped) {
		if last, err := client.ReadLast(dir); err == nil {
			v.setLastExit(last)
		}
		return
	}
	var st client.State
	if err == nil {
		defer vmClient.Close()
		st, err = vmClient.State(ctx)
	}
	if err != nil {
		v.State, v.Problem, v.Unreachable = Lost, Explain(err), unreachableCode(err)
		if v.Unreachable == UnreachableOtherUser {
			v.State = Running
		}
		return
	}
	v.State = VMState(st.State)
	if v.State == Paused {
		v.PauseReason = plainPause(st.PauseReason)
	}
	v.DiskReplaced = st.DiskReplaced
	v.Filling = nil
	if f := st.Fill; f != nil {
		v.Filling = &Filling{Source: Plain(f.Source), Done: f.Done, Total: f.Total, Problem: plainFillProblem(f.Problem)}
	}
	v.Accelerator, v.AcceleratorReason = st.Accelerator, acceleratorReason(st)
	v.Since, v.Agent = st.Since, st.Agent
	v.setShareProblems(st.Shares)
	v.ForwardsNow = forwardsFromQEMU(st.Forwards)
	v.CPUTime, v.MemoryUsed = st.Usage.CPUTime, st.Usage.Memory
	for _, a := range st.Addresses {
		v.Addresses = append(v.Addresses, Plain(a))
	}
}

// describeDisk returns the size of a VM's disk and the space it uses, in bytes, and whether it is
// lazy. The sizes are 0 if the disk cannot be read.
func describeDisk(dir home.VMDir) (size, used int64, filling *Filling) {
	size, used = fileSizes(dir.Disk())
	m, err := lazydisk.Read(dir.Disk())
	if err != nil || m == nil {
		return size, used, nil
	}
	_, overlay := fileSizes(lazydisk.Dir(dir.Filling()).Folder(*m).Overlay())
	return m.Size, used + overlay, &Filling{Source: Plain(m.Name)}
}

// fileSizes returns the length of a file and the space it uses, in bytes. Both are 0 if the
// file cannot be read.
func fileSizes(path string) (length, used int64) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		used = st.Blocks * 512
	}
	return info.Size(), used
}
