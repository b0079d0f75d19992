package snapshot

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// Import reads a snapshot file from r. size is the file's length in bytes, or -1 if it is
// unknown. name is the snapshot's new name; "" means the name in the file's header, which a
// foreign gzip file lacks. The file gets its name only when it is complete, durable and
// checked as by Verify. The caller must hold the job lock, must have called Sweep, and must
// ensure that reads of r end with ctx.
//
// The error, if any, wraps ErrNotSnapshot (the file is not gzip), ErrDamaged, ErrNewer,
// ErrTooLarge, durable.ErrBadName, ErrExists or a *NoSpace, or is r's or the context's.
// After an error no file is left. Import always leaves part of the file system free.
func (s *Store) Import(ctx context.Context, r io.Reader, name string, size int64, p Progress) (Info, error) {
	p = orNoProgress(p)
	p.Phase(PhaseImport, max(0, size))
	in, err := newImportedFile(ctx, r, size)
	if err != nil {
		return Info{}, err
	}
	if name, err = in.chooseName(name); err != nil {
		return Info{}, err
	}
	if err := s.Reserve(name); err != nil {
		return Info{}, err
	}
	folder := s.paths.Snapshots
	if err := durable.MakeDir(folder); err != nil {
		return Info{}, err
	}
	room, err := newBudget(folder, max(0, size, in.header.FileSize))
	if err != nil {
		return Info{}, err
	}
	out, err := durable.NewReplacement(s.filePath(name))
	if err != nil {
		return Info{}, classifyError(ctx, folder, 0, err)
	}
	defer out.Discard()
	info, err := in.receive(ctx, &budgetedStream{File: out.File, budget: room}, name, p)
	if err == nil {
		p.Phase(PhaseFlush, 0)
		err = out.Sync()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		info, err = s.publish(out, info)
	}
	if err != nil {
		return Info{}, classifyError(ctx, folder, max(0, size, in.header.FileSize), err)
	}
	return info, nil
}

// importedFile is a file that is being imported.
type importedFile struct {
	head     []byte // the first bytes
	rest     io.Reader
	isNative bool
	header   gzfile.Header // if ours
}

// newImportedFile reads the first bytes and recognizes the file.
func newImportedFile(ctx context.Context, r io.Reader, size int64) (*importedFile, error) {
	in := &importedFile{head: make([]byte, gzfile.MaxHeader), rest: r}
	n, err := io.ReadFull(r, in.head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, cmp.Or(ctx.Err(), err)
	}
	in.head = in.head[:n]
	in.header, _, err = gzfile.ReadHeader(bytes.NewReader(in.head))
	switch {
	case errors.Is(err, gzfile.ErrForeign) && !gzfile.IsGzip(in.head):
		return nil, fmt.Errorf("%w: it is not a gzip file", ErrNotSnapshot)
	case errors.Is(err, gzfile.ErrForeign):
		return in, nil
	case err != nil:
		return nil, err
	case size >= 0 && size != in.header.FileSize:
		return nil, &gzfile.Damage{Chunk: -1, Reason: fmt.Sprintf("the file is %d bytes long instead of %d", size, in.header.FileSize)}
	}
	in.isNative = true
	return in, nil
}

func (in *importedFile) chooseName(requested string) (string, error) {
	switch {
	case requested != "":
		return requested, nil
	case !in.isNative:
		return "", fmt.Errorf("%w: another tool's gzip file has no name of its own", durable.ErrBadName)
	}
	return in.header.Name, nil
}

// budgetedStream is a file that is written within a budget.
type budgetedStream struct {
	*os.File
	budget  *budget
	written int64
}

func (r *budgetedStream) Write(p []byte) (int, error) {
	if err := r.budget.spend(len(p)); err != nil {
		return 0, err
	}
	n, err := r.File.Write(p)
	r.written += int64(n)
	return n, err
}

// receive writes the file to out and checks its contents.
func (in *importedFile) receive(ctx context.Context, out *budgetedStream, name string, p Progress) (Info, error) {
	src := io.MultiReader(bytes.NewReader(in.head), in.rest)
	if in.isNative {
		src = io.LimitReader(src, in.header.FileSize+1) // one more byte to detect a longer file
	}
	var data atomic.Int64
	stream := unpackForeign
	if in.isNative {
		stream = gzfile.Stream
	}
	c, err := stream(ctx, io.TeeReader(src, out), countingSink(&data), gzfile.Options{Add: p.Add})
	if err != nil {
		return Info{}, err
	}
	if in.isNative {
		return in.acceptNative(ctx, out, c, name)
	}
	return Info{
		Name: name, Created: time.Now().UTC(), DiskSize: c.Size, Data: data.Load(), Digest: c.Digest,
		FileSize: out.written, Foreign: true, State: StateImported, VerifiedAt: currentRowTime(),
	}, nil
}

// acceptNative checks the header of one of our files against the decompressed disk and the written
// file, and changes the name in it.
func (in *importedFile) acceptNative(ctx context.Context, out *budgetedStream, c gzfile.Content, name string) (Info, error) {
	file, err := gzfile.Open(out.File, out.written)
	if err == nil {
		err = file.CheckContent(c)
	}
	if err == nil {
		err = file.CopyTo(ctx, io.Discard, gzfile.Options{})
	}
	if err != nil {
		return Info{}, err
	}
	h := file.Header
	if h.Name != name {
		edited := h.EditableFields()
		edited.Name = name
		renamed, head, err := file.EditHeader(edited)
		// If the name does not fit, the header keeps the old one.
		if err == nil && renamed.FileSize == h.FileSize {
			if _, err := out.WriteAt(head, 0); err != nil {
				return Info{}, err
			}
		}
	}
	info := infoFromHeader(h, name)
	info.State, info.VerifiedAt = StateImported, currentRowTime()
	return info, nil
}
