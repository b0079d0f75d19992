package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
)

// VMSettings changes what a VM is given; nil leaves a setting as it is.
type VMSettings struct {
	CPUs, MemoryMB *int
	// DiskSizeMB can only grow, and only while the VM is stopped; the built-in
	// guest's file system follows at the next start.
	DiskSizeMB *int
	Accel      *string
}

// SetVM changes a VM's settings. A running VM has the new ones from its next
// start on. Wrong settings wrap vm.ErrBadConfig, and change nothing.
func (s *Service) SetVM(ctx context.Context, name string, to VMSettings) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, failed(err, "", "change %s", called(name))
	}
	accept := func() error { return s.vms.Update(e.Name, to.apply) }
	if to.DiskSizeMB == nil {
		err = accept()
	} else if err = to.check(e.VM); err == nil {
		err = s.growDisk(ctx, e, *to.DiskSizeMB, accept)
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
	return nil
}

// check tells what would be wrong with a VM that had these settings.
func (to VMSettings) check(v vm.VM) error {
	_ = to.apply(&v) // never fails
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
