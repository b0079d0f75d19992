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
	p = orSilent(p)
	p.Phase(PhaseImport, max(0, size))
	in, err := newIncoming(ctx, r, size)
	if err != nil {
		return Info{}, err
	}
	if name, err = in.name(name); err != nil {
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
	out, err := durable.NewReplacement(s.file(name))
	if err != nil {
		return Info{}, classify(ctx, folder, 0, err)
	}
	defer out.Discard()
	info, err := in.receive(ctx, &budgetedImport{File: out.File, room: room}, name, p)
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
		return Info{}, classify(ctx, folder, max(0, size, in.header.FileSize), err)
	}
	return info, nil
}

// importedFile is a file that is being imported.
type importedFile struct {
	start  []byte // the first bytes
	rest   io.Reader
	ours   bool
	header gzfile.Header // if ours
}

// newIncoming reads the first bytes and recognizes the file.
func newIncoming(ctx context.Context, r io.Reader, size int64) (*importedFile, error) {
	in := &importedFile{start: make([]byte, gzfile.MaxHeader), rest: r}
	n, err := io.ReadFull(r, in.start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, cmp.Or(ctx.Err(), err)
	}
	in.start = in.start[:n]
	in.header, _, err = gzfile.ReadHeader(bytes.NewReader(in.start))
	switch {
	case errors.Is(err, gzfile.ErrForeign) && !gzfile.IsGzip(in.start):
		return nil, fmt.Errorf("%w: it is not a gzip file", ErrNotSnapshot)
	case errors.Is(err, gzfile.ErrForeign):
		return in, nil
	case err != nil:
		return nil, err
	case size >= 0 && size != in.header.FileSize:
		return nil, &gzfile.Damage{Chunk: -1, Reason: fmt.Sprintf("the file is %d bytes long instead of %d", size, in.header.FileSize)}
	}
	in.ours = true
	return in, nil
}

func (in *importedFile) name(asked string) (string, error) {
	switch {
	case asked != "":
		return asked, nil
	case !in.ours:
		return "", fmt.Errorf("%w: another tool's gzip file has no name of its own", durable.ErrBadName)
	}
	return in.header.Name, nil
}

// budgetedImport is a file that is written within a budget.
type budgetedImport struct {
	*os.File
	room    *budget
	written int64
}

func (r *budgetedImport) Write(p []byte) (int, error) {
	if err := r.room.take(len(p)); err != nil {
		return 0, err
	}
	n, err := r.File.Write(p)
	r.written += int64(n)
	return n, err
}

// receive writes the file to out and checks its contents.
func (in *importedFile) receive(ctx context.Context, out *budgetedImport, name string, p Progress) (Info, error) {
	src := io.MultiReader(bytes.NewReader(in.start), in.rest)
	if in.ours {
		src = io.LimitReader(src, in.header.FileSize+1) // one more byte to detect a longer file
	}
	var data atomic.Int64
	stream := unpack
	if in.ours {
		stream = gzfile.Stream
	}
	c, err := stream(ctx, io.TeeReader(src, out), countingSink(&data), gzfile.Options{Add: p.Add})
	if err != nil {
		return Info{}, err
	}
	if in.ours {
		return in.accept(ctx, out, c, name)
	}
	return Info{
		Name: name, Created: time.Now().UTC(), DiskSize: c.Size, Data: data.Load(), Digest: c.Digest,
		FileSize: out.written, Foreign: true, State: StateImported, VerifiedAt: currentRowTime(),
	}, nil
}

// accept checks the header of one of our files against the decompressed disk and the written
// file, and changes the name in it.
func (in *importedFile) accept(ctx context.Context, out *budgetedImport, c gzfile.Content, name string) (Info, error) {
	file, err := gzfile.Open(out.File, out.written)
	if err == nil {
		err = file.Check(c)
	}
	if err == nil {
		err = file.CopyTo(ctx, io.Discard, gzfile.Options{})
	}
	if err != nil {
		return Info{}, err
	}
	h := file.Header
	if h.Name != name {
		edited := h.Editable()
		edited.Name = name
		renamed, head, err := file.Rehead(edited)
		// If the name does not fit, the header keeps the old one.
		if err == nil && renamed.FileSize == h.FileSize {
			if _, err := out.WriteAt(head, 0); err != nil {
				return Info{}, err
			}
		}
	}
	info := fromHeader(h, name)
	info.State, info.VerifiedAt = StateImported, currentRowTime()
	return info, nil
}
