package app

import "context"

// Storage is what the store takes of its file system. All sizes are bytes.
type Storage struct {
	// Free and Total are the file system's; 0 if they are not known.
	Free, Total int64
	// Images is what the images take that are kept for new VMs, what was built of
	// packages, and what has come of downloads.
	Images int64
	VMs    []VMStorage
}

// VMStorage is what one VM takes.
type VMStorage struct {
	VM string
	// Disk is what its disk takes, Undo what the disk kept by the last restore does.
	Disk, Undo int64
	// Snapshots are its snapshots, newest first; Files is what their files take.
	Snapshots []Snapshot
	Files     int64
	// Problem is one line about snapshots that could not be listed, or "", and Why
	// the same in its parts.
	Problem string
	Why     *Told
}

// Takes is all that the VM takes.
func (v VMStorage) Takes() int64 { return v.Disk + v.Undo + v.Files }

// Storage looks at what every VM takes. A VM that cannot be looked at is told
// of in its row.
func (s *Service) Storage(ctx context.Context) (Storage, error) {
	entries, _, err := s.vms.List()
	if err != nil {
		return Storage{}, failed(err, "", "look at what the VMs take")
	}
	var all Storage
	if free, total, err := s.space(); err == nil {
		all.Free, all.Total = free, total
	}
	if all.Images, err = s.imagesTake(ctx); err != nil {
		return Storage{}, err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return Storage{}, ctx.Err()
		}
		all.VMs = append(all.VMs, s.storageOf(ctx, e.Name))
	}
	return all, nil
}

func (s *Service) storageOf(ctx context.Context, name string) VMStorage {
	dir := s.vms.Dir(name)
	v := VMStorage{VM: name}
	_, v.Disk = sizes(dir.Disk())
	_, v.Undo = sizes(dir.Undo())
	list, err := s.Snapshots(ctx, name)
	if err != nil {
		p := Explain(err)
		v.Problem, v.Why = p.Line(), p.told()
	}
	v.Snapshots = list.Snapshots
	for _, snap := range list.Snapshots {
		_, used := sizes(snap.File)
		v.Files += used
	}
	return v
}
