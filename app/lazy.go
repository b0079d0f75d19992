package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"vmterminal/app/job"
	"vmterminal/snapshot"
	"vmterminal/snapshot/blockserver"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/qcow2"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor"
	"vmterminal/vm/supervisor/client"
)

// newLazyDisk returns what a supervisor needs to run a VM whose disk is lazy, or nil if the disk
// is an ordinary one. The disk is filled in if fill is set.
func newLazyDisk(ctx context.Context, dir home.VMDir, fill bool) (*supervisor.LazyDisk, error) {
	m, err := lazydisk.Read(dir.Disk())
	if err != nil || m == nil {
		return nil, err
	}
	folder := lazydisk.Dir(dir.Filling()).Folder(*m)
	source, err := openFiller(ctx, dir.Disk(), folder, *m)
	if err != nil {
		return nil, err
	}
	l := &supervisor.LazyDisk{
		Overlay: folder.Overlay(), Size: m.Size, Source: m.Name,
		Complete: func() error {
			err := lazydisk.Complete(dir.Disk(), *m)
			if err == nil {
				folder.Remove()
			}
			return err // after ErrNotDurable a power cut may make the disk lazy again
		},
	}
	if s, isSnapshot := source.(*snapshot.Filler); isSnapshot {
		l.Snapshot = client.SnapshotRef{ID: m.SnapshotID, Digest: m.Digest}
		l.Serve = func(ctx context.Context, l net.Listener, onReadError func(client.FillProblem)) error {
			return blockserver.Serve(ctx, l, s.Reader, blockserver.Options{
				OnReadError: func(err error) { onReadError(fillProblem(err)) },
			})
		}
	} else {
		l.Image, l.ImageFormat = folder.Source(), string(m.Kind)
	}
	if fill {
		l.Fill = func(ctx context.Context, progress func(done, total int64)) error {
			return fillDisk(ctx, dir, source, progress)
		}
	}
	return l, nil
}

// filler fills in a lazy disk from its source.
type filler interface {
	// Fill writes the contents of the source to the disk, durably.
	Fill(context.Context, snapshot.Progress) error
	Close() error
}

// openFiller opens the source of the lazy disk at path.
func openFiller(ctx context.Context, path string, folder lazydisk.Folder, m lazydisk.Marker) (filler, error) {
	if m.Kind == lazydisk.Snapshot {
		return snapshot.OpenFiller(ctx, path, folder, m)
	}
	return openImageFiller(path, folder, m)
}

// fillDisk fills in the lazy disk of a running VM.
func fillDisk(ctx context.Context, dir home.VMDir, source filler, progress func(done, total int64)) error {
	claim, err := qemu.ClaimDisk(dir.Disk())
	if err == nil {
		defer func() { _ = claim.Close() }() // read-only
		err = source.Fill(ctx, &fillProgress{report: progress})
	}
	if err != nil {
		return &supervisor.FillError{FillProblem: fillProblem(err), Err: err}
	}
	return nil
}

func fillProblem(err error) client.FillProblem {
	p := client.FillProblem{Code: client.FillFailed, Detail: err.Error()}
	switch {
	case errors.Is(err, snapshot.ErrNoSpace):
		p.Code = client.FillNoSpace
	case errors.Is(err, snapshot.ErrDamaged), errors.Is(err, image.ErrDamaged):
		p.Code = client.FillDamaged
	}
	return p
}

// fillProgress reports the progress of filling in a disk.
type fillProgress struct {
	report      func(done, total int64)
	done, total atomic.Int64
}

func (p *fillProgress) Phase(_ string, total int64) {
	if total > 0 {
		p.total.Store(total)
	}
}

func (p *fillProgress) Add(n int64) { p.report(p.done.Add(n), p.total.Load()) }

// completeDisk fills in the disk at path, if it is lazy, and adds what the guest has written, so
// that it becomes an ordinary disk. The caller must hold the VM's lock.
func completeDisk(ctx context.Context, dir home.VMDir, path string, m job.Meter) error {
	marker, err := lazydisk.Read(path)
	if err != nil || marker == nil {
		return err
	}
	folder := lazydisk.Dir(dir.Filling()).Folder(*marker)
	source, err := openFiller(ctx, path, folder, *marker)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // read-only
	if err := source.Fill(ctx, m); err != nil {
		return err
	}
	if err := applyOverlay(ctx, folder.Overlay(), path, *marker); err != nil {
		return err
	}
	if err := lazydisk.Complete(path, *marker); err != nil {
		return err
	}
	folder.Remove()
	return nil
}

func applyOverlay(ctx context.Context, overlay, disk string, m lazydisk.Marker) error {
	o, err := qcow2.Open(overlay)
	if errors.Is(err, qcow2.ErrDamaged) || errors.Is(err, qcow2.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", lazydisk.ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = o.Close() }() // read-only
	f, err := lazydisk.Open(disk, m)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // synced below
	if err := o.ApplyTo(ctx, f, nil); err != nil {
		return err
	}
	return durable.SyncFile(f)
}

// createOverlay creates the overlay of a lazy disk, durably.
func createOverlay(path string, size int64) error { return qcow2.Create(path, size) }
