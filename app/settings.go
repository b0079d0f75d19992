package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vmterminal/app/problem"
	"vmterminal/app/units"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/supervisor/client"
)

// VMSettings holds changes to a VM's settings. A nil value leaves a setting unchanged.
type VMSettings struct {
	CPUs, MemoryMB *int
	// DiskSizeMB can only grow, and only while the VM is stopped. The built-in guest grows its
	// file system at the next start.
	DiskSizeMB *int
	Accel      *string
	Isolated   *bool
	// Forward adds forwards, or changes the guest ports of existing ones. Unforward removes the
	// forwards of the given host ports. UnforwardAll removes all existing forwards.
	Forward      []Forward
	Unforward    []int
	UnforwardAll bool
	// Share adds shares or changes existing ones. Unshare removes the shares of the given
	// paths. UnshareAll removes all existing shares.
	Share      []Share
	Unshare    []string
	UnshareAll bool
}

// Empty reports whether there are no changes.
func (to VMSettings) Empty() bool {
	return to.CPUs == nil && to.MemoryMB == nil && to.DiskSizeMB == nil && to.Accel == nil && to.Isolated == nil &&
		len(to.Forward)+len(to.Unforward)+len(to.Share)+len(to.Unshare) == 0 && !to.UnforwardAll && !to.UnshareAll
}

// SetVM changes a VM's settings. In a running VM they take effect at its next start, but
// forwards change at once if VM.ForwardsLive reports true. SetVM returns vm.ErrBadConfig if a
// setting is invalid, and client.ErrPort if a host port cannot be forwarded now. After an
// error nothing has changed, except as described at client.ErrForwards.
func (s *Service) SetVM(ctx context.Context, name string, to VMSettings) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: name})
	}
	accept := func() error { return s.vms.Update(e.Name, to.apply) }
	if to.ChangesForwards() {
		accept = func() error { return s.acceptForwards(ctx, e.Name, to.apply) }
	}
	if err = s.checkShares(shareSettings(to.Share)); err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: e.Name}, problem.NothingChanged)
	}
	if to.DiskSizeMB == nil {
		err = accept()
	} else if err = to.check(e.VM); err == nil {
		err = s.growDisk(ctx, e, *to.DiskSizeMB, accept)
	}
	if errors.Is(err, client.ErrForwards) {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: e.Name}, problem.SettingsKept)
	}
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: e.Name}, problem.NothingChanged)
	}
	return s.VM(ctx, e.Name)
}

func (to VMSettings) apply(v *vm.VM) error {
	setIfGiven(&v.CPUs, to.CPUs)
	setIfGiven(&v.MemoryMB, to.MemoryMB)
	setIfGiven(&v.DiskSizeMB, to.DiskSizeMB)
	setIfGiven(&v.Accel, to.Accel)
	setIfGiven(&v.Network.Isolated, to.Isolated)
	if err := to.applyShares(v); err != nil {
		return err
	}
	return to.applyForwards(&v.Network)
}

// check returns an error if a VM with these settings would be invalid.
func (to VMSettings) check(v vm.VM) error {
	if err := to.apply(&v); err != nil {
		return err
	}
	return v.Check()
}

func setIfGiven[T any](setting *T, to *T) {
	if to != nil {
		*setting = *to
	}
}

// growDisk grows the disk of a stopped VM, and shrinks it again if accept fails. A crash in
// between leaves a disk that is larger than its setting, which is harmless.
func (s *Service) growDisk(ctx context.Context, e vm.Entry, mb int, accept func() error) error {
	hold, err := s.lockStoppedVM(ctx, e.Name, durable.Activity{Code: activityGrowDisk})
	if err != nil {
		return err
	}
	defer hold.release()
	path := s.vms.Dir(e.Name).Disk()
	disk, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	st, err := disk.Stat()
	if err != nil {
		return err
	}
	size := int64(mb) << 20
	if size < st.Size() {
		return fmt.Errorf("%d MB is %w for a disk of %s: it can only grow", mb, vm.ErrBadConfig, units.Bytes(st.Size()))
	}
	if err := disk.Truncate(size); err != nil {
		return err
	}
	if err = durable.SyncFile(disk); err == nil {
		err = accept()
	}
	if err != nil && !errors.Is(err, durable.ErrNotDurable) {
		return errors.Join(err, disk.Truncate(st.Size()))
	}
	return err
}
