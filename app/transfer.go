package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/image/fetch"
)

// ExportName returns the usual name of the file that a VM's snapshot is exported to.
func ExportName(vmName, name string) string { return vmName + "-" + name + snapshot.FileSuffix }

// VerifySnapshot starts a job that verifies a snapshot without changing it. A quick check covers
// only the size, the header and the digest of the compressed bytes.
func (s *Service) VerifySnapshot(ctx context.Context, vmName, name string, quick bool) (*job.Job[Verified], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerify, VM: vmName, Snapshot: name})
	}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerify, VM: e.Name, Snapshot: name})
	}
	return s.verifySnapshot(store, e.Name, info, quick), nil
}

// verifier is a snapshot.Store, or a snapshot.Verifier for several snapshots.
type verifier interface {
	Verify(ctx context.Context, name string, quick bool, p snapshot.Progress) (snapshot.Verified, error)
}

func (s *Service) verifySnapshot(checker verifier, vmName string, info snapshot.Info, quick bool) *job.Job[Verified] {
	return runJob(s, job.Verify, job.Subject{VM: vmName, Name: info.Name}, func(ctx context.Context, m job.Meter) (Verified, error) {
		v, err := checker.Verify(ctx, info.Name, quick, m)
		if err != nil {
			return Verified{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerify, VM: vmName, Snapshot: info.Name})
		}
		return Verified{VM: vmName, Name: info.Name, Compared: v.Compared, Bytes: v.Bytes, CRCOnly: info.Foreign}, nil
	})
}

// VerifySnapshots verifies the named snapshots, or all if names is nil, one after the other,
// each in its own job. It calls onJob with each job, or with the error that prevented the job,
// and waits until onJob has returned and the job has ended. It stops when onJob returns false
// or ctx is done.
func (s *Service) VerifySnapshots(ctx context.Context, vmName string, names []string, opt VerifyOptions, onJob func(name string, j *job.Job[Verified], err error) bool) error {
	e, err := s.entry(vmName)
	if err != nil {
		return wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerifyAll, VM: vmName})
	}
	checker, err := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))).NewVerifier(ctx)
	if err != nil {
		return wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerifyAll, VM: e.Name})
	}
	defer checker.Close()
	if names == nil {
		names = checker.Names()
	}
	for _, name := range names {
		info, err := checker.Get(name)
		if err != nil {
			if !onJob(name, nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerify, VM: e.Name, Snapshot: name})) {
				return nil
			}
			continue
		}
		var j *job.Job[Verified]
		if opt.Boot > 0 {
			j = s.verifyByBoot(e, info, opt.Boot)
		} else {
			j = s.verifySnapshot(checker, e.Name, info, opt.Quick)
		}
		proceed := onJob(name, j, nil)
		_ = j.Wait(ctx) // onJob has reported the error
		if !proceed || ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// VerifyOptions configures VerifySnapshots.
type VerifyOptions struct {
	// Quick checks only the size, the header and the digest of the compressed bytes.
	Quick bool
	// Boot, if not 0, starts each snapshot as a temporary VM instead, and waits that long for
	// the guest's agent or for a login prompt.
	Boot time.Duration
}

// Comparison says what a verification compared; see [snapshot.Comparison].
type Comparison = snapshot.Comparison

// The kinds of comparison.
const (
	ComparedAll     = snapshot.ComparedAll
	ComparedQuick   = snapshot.ComparedQuick
	ComparedForeign = snapshot.ComparedForeign
	ComparedBoot    = Comparison("boot") // nothing was compared: the guest was started
)

// Verified is the result of a successful verification.
type Verified struct {
	VM, Name string
	// Compared says what was compared; Bytes is the number of bytes read.
	Compared Comparison
	Bytes    int64
	// CRCOnly is set for a foreign file, which has no SHA-256.
	CRCOnly bool
}

// BadChunk returns the number of the first damaged chunk of the disk, starting at 0, or nil if
// err does not name one.
func BadChunk(err error) *int64 {
	var d *snapshot.Damage
	if !errors.As(err, &d) || d.Chunk < 0 {
		return nil
	}
	return &d.Chunk
}

// ExportSnapshot starts a job that writes a snapshot's file to w and verifies it. If the job
// fails, the data written to w is not a valid snapshot.
func (s *Service) ExportSnapshot(ctx context.Context, vmName, name string, w io.Writer) (*job.Job[Snapshot], error) {
	return s.exportSnapshot(ctx, vmName, name, func(ctx context.Context, store *snapshot.Store, name string, m job.Meter) error {
		return store.Export(ctx, name, w, m)
	})
}

// ExportSnapshotFile is like ExportSnapshot, but creates a file, which appears only when it is
// complete. It does not replace an existing file.
func (s *Service) ExportSnapshotFile(ctx context.Context, vmName, name, path string) (*job.Job[Snapshot], error) {
	if err := checkNewFile(path); err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotExport, VM: vmName, Snapshot: name}, problem.NothingWritten)
	}
	return s.exportSnapshot(ctx, vmName, name, func(ctx context.Context, store *snapshot.Store, name string, m job.Meter) error {
		return store.ExportFile(ctx, name, path, m)
	})
}

// checkNewFile returns an error if a new file cannot be created at path.
func checkNewFile(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s", os.ErrExist, path)
	}
	if dir := filepath.Dir(path); !isFolder(dir) {
		return fmt.Errorf("%w: %s", ErrNoFolder, Plain(dir))
	}
	return nil
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func (s *Service) exportSnapshot(ctx context.Context, vmName, name string, write func(context.Context, *snapshot.Store, string, job.Meter) error) (*job.Job[Snapshot], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotExport, VM: vmName, Snapshot: name})
	}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	op := problem.Operation{Code: problem.OpSnapshotExport, VM: e.Name, Snapshot: name}
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, wrapFailure(err, op)
	}
	return runJob(s, job.Export, job.Subject{VM: e.Name, Name: info.Name}, func(ctx context.Context, m job.Meter) (Snapshot, error) {
		if err := write(ctx, store, info.Name, m); err != nil {
			return Snapshot{}, wrapFailure(err, op)
		}
		return snapshotFromInfo(s.vms.Dir(e.Name), info, false), nil
	}), nil
}

// IsAddress reports whether a text is an http or https URL, not a path.
func IsAddress(text string) bool { return fetch.IsURL(text) }

// ImportSnapshot starts a job that adds a snapshot from a file or an http(s) URL. The snapshot
// is verified before it is listed. If name is empty, the file determines the name.
func (s *Service) ImportSnapshot(vmName, from, name string) (*job.Job[Snapshot], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotImport, VM: vmName})
	}
	op := problem.Operation{Code: problem.OpSnapshotImport, VM: e.Name, File: fetch.RedactURL(from)}
	if err := checkKept(e); err != nil {
		return nil, wrapFailure(err, op, problem.NothingAdded)
	}
	dir := s.vms.Dir(e.Name)
	return runJob(s, job.Import, job.Subject{VM: e.Name, Name: name}, func(ctx context.Context, m job.Meter) (Snapshot, error) {
		lock, err := s.lockJob(ctx, e.Name, durable.Activity{Code: string(problem.OpSnapshotImport)})
		if err != nil {
			return Snapshot{}, wrapFailure(err, op, problem.NothingAdded)
		}
		defer lock.release()
		source, size, err := openImport(lock, from)
		if err != nil {
			return Snapshot{}, wrapFailure(err, op, problem.NothingAdded)
		}
		defer source.Close()
		info, err := snapshot.Open(SnapshotPaths(dir)).Import(lock, source, name, size, m)
		if err != nil {
			return Snapshot{}, wrapFailure(err, op, problem.NothingAdded)
		}
		return snapshotFromInfo(dir, info, false), nil
	}), nil
}

// openImport opens a file or a URL; size is -1 if unknown.
func openImport(ctx context.Context, from string) (r io.ReadCloser, size int64, err error) {
	if !fetch.IsURL(from) {
		return openFile(from)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, 0, fetch.WithoutURL(err)
	}
	// Some servers declare .gz as a transfer encoding, which the client would
	// decompress.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, fetch.WithoutURL(err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, 0, fmt.Errorf("the server answered %s", resp.Status)
	}
	return resp.Body, resp.ContentLength, nil
}

// openFile opens a regular file. It rejects other files, because reads from them may never end.
func openFile(path string) (io.ReadCloser, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%w: %s is not a file", snapshot.ErrNotSnapshot, path)
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}
