package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"vmterminal/snapshot"
	"vmterminal/vm/image/fetch"
)

// VerifySnapshot begins to check a snapshot as a job; its Result is a Verified.
// It changes nothing. Quick looks at size, header and the digest of the
// compressed bytes only.
func (s *Service) VerifySnapshot(ctx context.Context, vmName, name string, quick bool) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "verify snapshot '%s' of %s", Plain(name), called(vmName))
	}
	store := snapshot.Open(s.vms.Dir(e.Name))
	doing := phrase("verify snapshot '%s' of VM '%s'", Plain(name), e.Name)
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, failed(err, "", "%s", doing)
	}
	return s.jobs.run(JobVerify, e.Name, info.Name, func(ctx context.Context, m Meter) (any, error) {
		v, err := store.Verify(ctx, info.Name, quick, m)
		if err != nil {
			return nil, failed(err, "", "%s", doing)
		}
		return Verified{VM: e.Name, Name: info.Name, Compared: v.Compared, Bytes: v.Bytes, CRCOnly: info.Foreign}, nil
	}), nil
}

// Verified is what a check found in order.
type Verified struct {
	VM, Name string
	// Compared says in a sentence what was compared; Bytes is how much was read.
	Compared string
	Bytes    int64
	// CRCOnly is set for a foreign file, which carries no SHA-256.
	CRCOnly bool
}

// BadChunk is the number of the first bad chunk, from 0, of the disk in a
// damaged snapshot; nil if err is not of damage, or the chunk is not known.
func BadChunk(err error) *int64 {
	var d *snapshot.Damage
	if !errors.As(err, &d) || d.Chunk < 0 {
		return nil
	}
	return &d.Chunk
}

// ExportSnapshot begins to write a snapshot's file to w as a job, checking it on
// the way. What w got of a job that failed is no snapshot.
func (s *Service) ExportSnapshot(ctx context.Context, vmName, name string, w io.Writer) (*Job, error) {
	return s.export(ctx, vmName, name, func(ctx context.Context, store *snapshot.Store, name string, m Meter) error {
		return store.Export(ctx, name, w, m)
	})
}

// ExportSnapshotFile is ExportSnapshot into a file, which appears under its name
// when it is whole. A file that is there is not replaced.
func (s *Service) ExportSnapshotFile(ctx context.Context, vmName, name, path string) (*Job, error) {
	if err := freeFor(path); err != nil {
		return nil, failed(err, "Nothing was written.", "export snapshot '%s'", Plain(name))
	}
	return s.export(ctx, vmName, name, func(ctx context.Context, store *snapshot.Store, name string, m Meter) error {
		return store.ExportFile(ctx, name, path, m)
	})
}

// freeFor tells whether a new file can have that path.
func freeFor(path string) error {
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

func (s *Service) export(ctx context.Context, vmName, name string, write func(context.Context, *snapshot.Store, string, Meter) error) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "export snapshot '%s' of %s", Plain(name), called(vmName))
	}
	store := snapshot.Open(s.vms.Dir(e.Name))
	doing := phrase("export snapshot '%s' of VM '%s'", Plain(name), e.Name)
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, failed(err, "", "%s", doing)
	}
	return s.jobs.run(JobExport, e.Name, info.Name, func(ctx context.Context, m Meter) (any, error) {
		if err := write(ctx, store, info.Name, m); err != nil {
			return nil, failed(err, "", "%s", doing)
		}
		return asSnapshot(s.vms.Dir(e.Name), info, false), nil
	}), nil
}

// IsAddress tells whether a text is an address, of http or https, and not a file's path.
func IsAddress(text string) bool { return fetch.IsAddress(text) }

// ImportSnapshot begins to add a snapshot from a file or an http(s) address as a
// job; its Result is a Snapshot. It is checked whole before it is listed. name
// "" takes the one that the file carries.
func (s *Service) ImportSnapshot(vmName, from, name string) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "import a snapshot into %s", called(vmName))
	}
	doing := phrase("import a snapshot from %s into VM '%s'", Plain(fetch.Shown(from)), e.Name)
	dir := s.vms.Dir(e.Name)
	return s.jobs.run(JobImport, e.Name, name, func(ctx context.Context, m Meter) (any, error) {
		job, err := s.holdJob(ctx, e.Name, "importing a snapshot")
		if err != nil {
			return nil, failed(err, "Nothing was added.", "%s", doing)
		}
		defer job.release()
		source, size, err := open(job, from)
		if err != nil {
			return nil, failed(err, "Nothing was added.", "%s", doing)
		}
		defer source.Close()
		info, err := snapshot.Open(dir).Import(job, source, name, size, m)
		if err != nil {
			return nil, failed(err, "Nothing was added.", "%s", doing)
		}
		return asSnapshot(dir, info, false), nil
	}), nil
}

// open opens a file or an address; size is -1 if it is not known.
func open(ctx context.Context, from string) (r io.ReadCloser, size int64, err error) {
	if !fetch.IsAddress(from) {
		return openFile(from)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, 0, fetch.WithoutAddress(err)
	}
	// Some servers say of a .gz file that it is only sent so: it must not be
	// unpacked on the way.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, fetch.WithoutAddress(err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, 0, fmt.Errorf("the server answered %s", resp.Status)
	}
	return resp.Body, resp.ContentLength, nil
}

// openFile opens a plain file: reading anything else might never end.
func openFile(path string) (io.ReadCloser, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%w: %s is no file", snapshot.ErrNotSnapshot, path)
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}
