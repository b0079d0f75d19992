package app

import (
	"context"
	"errors"

	"vmterminal/snapshot"
	"vmterminal/vm"
)

// Undone is what an undo did.
type Undone struct{ OldSize, NewSize int64 }

// UndoRestore brings the disk back that the last restore replaced, and keeps
// the present one: again UndoRestore, and it is back. ErrRunning while the VM
// runs.
func (s *Service) UndoRestore(ctx context.Context, vmName string) (Undone, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return Undone{}, failed(err, "", "undo the last restore of %s", called(vmName))
	}
	undone, err := s.undo(ctx, e)
	disk := unchanged
	if errors.Is(err, snapshot.ErrNotDurable) {
		disk = "The disk is the one from before; the other is kept."
	}
	return undone, failed(err, disk, "undo the last restore of VM '%s'", e.Name)
}

func (s *Service) undo(ctx context.Context, e vm.Entry) (Undone, error) {
	hold, err := s.holdStopped(e.Name, "undoing the last restore")
	if err != nil {
		return Undone{}, err
	}
	defer hold.release()
	dir := s.vms.Dir(e.Name)
	done, err := snapshot.Open(dir).Undo(ctx, dir.Disk())
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		o := readOrigin(dir)
		origin{Disk: o.Undo, Undo: o.Disk}.write(dir)
	}
	return Undone{done.OldSize, done.NewSize}, err
}

// DiscardUndo frees what the last restore kept, for good, and says how many
// bytes that gave back.
func (s *Service) DiscardUndo(ctx context.Context, vmName string) (freed int64, err error) {
	err = s.edit(vmName, "discard what the last restore kept", func(store *snapshot.Store) error {
		freed, err = store.DiscardUndo(ctx)
		return err
	})
	return freed, err
}
