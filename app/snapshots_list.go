package app

import (
	"context"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
)

// Snapshots returns a VM's snapshots, newest first.
func (s *Service) Snapshots(ctx context.Context, vmName string) (SnapshotList, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return SnapshotList{}, failed(err, "", "list the snapshots of %s", called(vmName))
	}
	dir := s.vms.Dir(e.Name)
	store := snapshot.Open(dir)
	infos, notes, err := store.List(ctx)
	if err != nil {
		return SnapshotList{}, failed(err, "", "list the snapshots of VM '%s'", e.Name)
	}
	list := SnapshotList{VM: e.Name, Notes: notes}
	from := readOrigin(dir)
	if size, used, since, err := store.UndoInfo(); err == nil {
		list.Undo = &Kept{size, used, since, from.Restored.Name}
	}
	for _, info := range infos {
		list.Snapshots = append(list.Snapshots, asSnapshot(dir, info, from.Disk.is(info)))
		if list.Undo != nil && from.Restored.is(info) {
			list.Undo.Restored = info.Name // it may have another name by now
		}
	}
	return list, nil
}

// Snapshot returns one snapshot.
func (s *Service) Snapshot(ctx context.Context, vmName, name string) (Snapshot, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return Snapshot{}, failed(err, "", "show snapshot '%s' of %s", Plain(name), called(vmName))
	}
	dir := s.vms.Dir(e.Name)
	info, err := snapshot.Open(dir).Get(ctx, name)
	if err != nil {
		return Snapshot{}, failed(err, "", "show snapshot '%s' of VM '%s'", Plain(name), e.Name)
	}
	return asSnapshot(dir, info, readOrigin(dir).Disk.is(info)), nil
}

// DeleteSnapshot removes a snapshot's file for good and frees its space.
func (s *Service) DeleteSnapshot(ctx context.Context, vmName, name string) error {
	e, err := s.entry(vmName)
	if err != nil {
		return failed(err, "", "delete snapshot '%s' of %s", Plain(name), called(vmName))
	}
	job, err := s.holdJob(ctx, e.Name, "deleting snapshot '"+Plain(name)+"'")
	if err == nil {
		defer job.release()
		err = snapshot.Open(s.vms.Dir(e.Name)).Delete(ctx, name)
	}
	return failed(err, "No snapshot was deleted.", "delete snapshot '%s' of VM '%s'", Plain(name), e.Name)
}

func asSnapshot(dir ondisk.VMDir, i snapshot.Info, here bool) Snapshot {
	return Snapshot{
		ID: i.ID, Name: i.Name, Description: i.Description, VM: i.VM,
		Created: i.Created, DiskSize: i.DiskSize, FileSize: i.FileSize, Digest: i.Digest,
		Taken: string(i.Taken), Held: i.Held,
		State: string(i.State), Problem: i.Problem, Foreign: i.Foreign,
		Pinned: i.Pinned, Automatic: i.Automatic, VerifiedAt: i.VerifiedAt, Frees: i.Frees,
		Here: here,
		File: ondisk.SnapshotFile(dir.Snapshots(), i.Name),
	}
}
