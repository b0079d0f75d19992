package app

import (
	"context"
	"os"
	"path/filepath"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/blockserver"
	"vmterminal/vm/supervisor"
)

// ServedSnapshot is a snapshot that is open for reading in place.
type ServedSnapshot struct {
	VM, Name string
	// Size is the size of the disk in bytes.
	Size   int64
	reader *snapshot.Reader
}

// Close closes the snapshot.
func (o *ServedSnapshot) Close() error { return o.reader.Close() }

// OpenSnapshot starts a job that opens a snapshot for Serve. The job takes long only if the
// snapshot has no usable index. The caller must close the result.
func (s *Service) OpenSnapshot(ctx context.Context, vmName, name string) (*job.Job[*ServedSnapshot], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotServe, VM: vmName, Snapshot: name})
	}
	op := problem.Operation{Code: problem.OpSnapshotServe, VM: e.Name, Snapshot: name}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, wrapFailure(err, op)
	}
	return runJob(s, job.Open, job.Subject{VM: e.Name, Name: info.Name}, func(ctx context.Context, m job.Meter) (*ServedSnapshot, error) {
		r, err := store.OpenReader(ctx, info.Name, m)
		if err != nil {
			return nil, wrapFailure(err, op)
		}
		return &ServedSnapshot{VM: e.Name, Name: info.Name, Size: r.Size(), reader: r}, nil
	}), nil
}

// Serve serves the disk of a snapshot over NBD, read-only, until ctx is done; see
// [blockserver]. The socket is created at path, or in a new private folder if path is empty,
// and removed at the end. Only this user and root can connect. Serve calls ready with the path
// of the socket once clients can connect, and onReadError with each part of the snapshot that
// could not be read, from several goroutines.
func (o *ServedSnapshot) Serve(ctx context.Context, path string, ready func(socket string), onReadError func(error)) error {
	wrap := func(err error) error {
		return wrapFailure(err, problem.Operation{Code: problem.OpSnapshotServe, VM: o.VM, Snapshot: o.Name})
	}
	return wrap(o.serve(ctx, path, ready, func(err error) { onReadError(wrap(err)) }))
}

func (o *ServedSnapshot) serve(ctx context.Context, path string, ready func(socket string), onReadError func(error)) error {
	if path == "" {
		dir, err := os.MkdirTemp("", "vmterminal-serve-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "nbd")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := checkNewFile(path); err != nil {
		return err
	}
	l, err := supervisor.Listen(path)
	if err != nil {
		return err
	}
	ready(path)
	return blockserver.Serve(ctx, l, o.reader, blockserver.Options{Export: o.Name, OnReadError: onReadError})
}
