package app

import (
	"context"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
)

// Storage describes the disk space that the store uses. All sizes are in bytes.
type Storage struct {
	// Free and Total describe the store's file system. They are 0 if unknown.
	Free, Total int64
	// ImageBytes is the space used by cached images, built disks and partial downloads.
	ImageBytes int64
	VMs        []VMStorage
}

// VMStorage describes the disk space that one VM uses.
type VMStorage struct {
	VM string
	// Disk and Undo are the space used by the disk and by the undo disk.
	Disk, Undo int64
	// Snapshots are sorted newest first; SnapshotBytes is the space that their files use.
	Snapshots     []Snapshot
	SnapshotBytes int64
	// Problem says why the snapshots could not be listed, or is nil.
	Problem *problem.Problem
}

// Total returns the space that the VM uses.
func (v VMStorage) Total() int64 { return v.Disk + v.Undo + v.SnapshotBytes }

// Storage returns the disk space that all VMs and images use. Problems with a VM are reported
// in its VMStorage.
func (s *Service) Storage(ctx context.Context) (Storage, error) {
	entries, _, err := s.vms.List()
	if err != nil {
		return Storage{}, wrapFailure(err, problem.Operation{Code: problem.OpStorageShow})
	}
	var all Storage
	if free, total, err := doctor.Space(s.opt.Home); err == nil {
		all.Free, all.Total = free, total
	}
	if all.ImageBytes, err = s.imageUsage(ctx); err != nil {
		return Storage{}, err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return Storage{}, ctx.Err()
		}
		all.VMs = append(all.VMs, s.vmStorage(ctx, e.Name))
	}
	return all, nil
}

func (s *Service) vmStorage(ctx context.Context, name string) VMStorage {
	dir := s.vms.Dir(name)
	v := VMStorage{VM: name}
	_, v.Disk, _ = describeDisk(dir)
	_, v.Undo, _, _ = snapshot.Open(SnapshotPaths(dir)).UndoInfo() // 0 without an undo disk
	list, err := s.listSnapshots(ctx, name)
	if err != nil {
		p := Explain(err)
		v.Problem = &p
	}
	v.Snapshots = list.Snapshots
	for _, snap := range list.Snapshots {
		_, used := fileSizes(snap.File)
		v.SnapshotBytes += used
	}
	return v
}
