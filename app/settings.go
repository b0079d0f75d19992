package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vmterminal/app/job"
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
func (changes VMSettings) Empty() bool {
	return changes.CPUs == nil && changes.MemoryMB == nil && changes.DiskSizeMB == nil && changes.Accel == nil && changes.Isolated == nil &&
		len(changes.Forward)+len(changes.Unforward)+len(changes.Share)+len(changes.Unshare) == 0 && !changes.UnforwardAll && !changes.UnshareAll
}

// SetVM changes a VM's settings. In a running VM they take effect at its next start, but
// forwards change at once if VM.ForwardsLive reports true. SetVM returns vm.ErrBadConfig if a
// setting is invalid, and client.ErrPort if a host port cannot be forwarded now. After an
// error nothing has changed, except as described at client.ErrForwards.
func (s *Service) SetVM(ctx context.Context, name string, changes VMSettings) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: name})
	}
	update := func() error { return s.vms.Update(e.Name, changes.apply) }
	if changes.ChangesForwards() {
		update = func() error { return s.updateForwards(ctx, e.Name, changes.apply) }
	}
	if err = s.checkShares(shareSettings(changes.Share)); err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: e.Name}, problem.NothingChanged)
	}
	if changes.DiskSizeMB == nil {
		err = update()
	} else if err = changes.check(e.VM); err == nil {
		err = s.growDisk(ctx, e, *changes.DiskSizeMB, update)
	}
	if errors.Is(err, client.ErrForwards) {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: e.Name}, problem.SettingsKept)
	}
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMChange, VM: e.Name}, problem.NothingChanged)
	}
	return s.VM(ctx, e.Name)
}

func (changes VMSettings) apply(v *vm.VM) error {
	setIfGiven(&v.CPUs, changes.CPUs)
	setIfGiven(&v.MemoryMB, changes.MemoryMB)
	setIfGiven(&v.DiskSizeMB, changes.DiskSizeMB)
	setIfGiven(&v.Accel, changes.Accel)
	setIfGiven(&v.Network.Isolated, changes.Isolated)
	if err := changes.applyShares(v); err != nil {
		return err
	}
	return changes.applyForwards(&v.Network)
}

// check returns an error if a VM with these settings would be invalid.
func (changes VMSettings) check(v vm.VM) error {
	if err := changes.apply(&v); err != nil {
		return err
	}
	return v.Check()
}

func setIfGiven[T any](setting *T, value *T) {
	if value != nil {
		*setting = *value
	}
}

// growDisk grows the disk of a stopped VM, and shrinks it again if update fails. A crash in
// between leaves a disk that is larger than its setting, which is harmless.
func (s *Service) growDisk(ctx context.Context, e vm.Entry, mb int, update func() error) error {
	lock, err := s.lockStoppedVM(ctx, e.Name, durable.Activity{Code: activityGrowDisk})
	if err != nil {
		return err
	}
	defer lock.release()
	path := s.vms.Dir(e.Name).Disk()
	if err := completeDisk(lock, s.vms.Dir(e.Name), path, job.NewDiscardMeter()); err != nil {
		return err
	}
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
		err = update()
	}
	if err != nil && !errors.Is(err, durable.ErrNotDurable) {
		return errors.Join(err, disk.Truncate(st.Size()))
	}
	return err
}
