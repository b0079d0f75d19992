package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/host"
)

// VMSettings changes what a VM is given; nil leaves a setting as it is.
type VMSettings struct {
	CPUs, MemoryMB *int
	// DiskSizeMB can only grow, and only while the VM is stopped; the built-in
	// guest's file system follows at the next start.
	DiskSizeMB *int
	Accel      *string
	Isolated   *bool
	// Forward is which ports are to be forwarded besides, or to another port of the
	// guest than before; Unforward is whose are not to be any more, or with
	// UnforwardAll all that were.
	Forward      []Forward
	Unforward    []int
	UnforwardAll bool
	// Share is which folders are to be shared besides, or otherwise than before; the
	// paths in Unshare are not to be any more, or with UnshareAll all that were.
	Share      []Share
	Unshare    []string
	UnshareAll bool
}

// Empty tells whether nothing is to change.
func (to VMSettings) Empty() bool {
	return to.CPUs == nil && to.MemoryMB == nil && to.DiskSizeMB == nil && to.Accel == nil && to.Isolated == nil &&
		len(to.Forward)+len(to.Unforward)+len(to.Share)+len(to.Unshare) == 0 && !to.UnforwardAll && !to.UnshareAll
}

// SetVM changes a VM's settings. A running VM has the new ones from its next start
// on, but what is forwarded at once, if VM.ForwardsLive: then a port that cannot be
// had is host.ErrPort. Wrong settings wrap vm.ErrBadConfig. After an error nothing
// is changed, but for what host.ErrForwards tells.
func (s *Service) SetVM(ctx context.Context, name string, to VMSettings) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, failed(err, "", "change %s", called(name))
	}
	accept := func() error { return s.vms.Update(e.Name, to.apply) }
	if to.Forwarding() {
		accept = func() error { return s.acceptForwards(ctx, e.Name, to.apply) }
	}
	if err = s.checkShares(shareSettings(to.Share)); err != nil {
		return VM{}, failed(err, "Nothing was changed.", "change VM '%s'", e.Name)
	}
	if to.DiskSizeMB == nil {
		err = accept()
	} else if err = to.check(e.VM); err == nil {
		err = s.growDisk(ctx, e, *to.DiskSizeMB, accept)
	}
	if errors.Is(err, host.ErrForwards) {
		return VM{}, failed(err, "Its settings are as before.", "change VM '%s'", e.Name)
	}
	if err != nil {
		return VM{}, failed(err, "Nothing was changed.", "change VM '%s'", e.Name)
	}
	return s.VM(ctx, e.Name)
}

func (to VMSettings) apply(v *vm.VM) error {
	set(&v.CPUs, to.CPUs)
	set(&v.MemoryMB, to.MemoryMB)
	set(&v.DiskSizeMB, to.DiskSizeMB)
	set(&v.Accel, to.Accel)
	set(&v.Network.Isolated, to.Isolated)
	if err := to.applyShares(v); err != nil {
		return err
	}
	return to.applyForwards(&v.Network)
}

// check tells what would be wrong with a VM that had these settings.
func (to VMSettings) check(v vm.VM) error {
	if err := to.apply(&v); err != nil {
		return err
	}
	return v.Check()
}

func set[T any](setting *T, to *T) {
	if to != nil {
		*setting = *to
	}
}

// growDisk makes a stopped VM's disk larger, and as long as before if accept
// fails. A disk longer than its setting, after a crash between the two, is only
// larger.
func (s *Service) growDisk(ctx context.Context, e vm.Entry, mb int, accept func() error) error {
	hold, err := s.holdStopped(ctx, e.Name, "growing the disk")
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
		return fmt.Errorf("%d MB is %w for a disk of %s: it can only grow", mb, vm.ErrBadConfig, megabytes(st.Size()))
	}
	if err := disk.Truncate(size); err != nil {
		return err
	}
	if err = ondisk.SyncFile(disk); err == nil {
		err = accept()
	}
	if err != nil && !errors.Is(err, ondisk.ErrNotDurable) {
		return errors.Join(err, disk.Truncate(st.Size()))
	}
	return err
}
