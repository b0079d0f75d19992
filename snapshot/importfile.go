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

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/gzfile"
)

// Import takes a snapshot's file from r, of size bytes, or -1 if that is not
// known. name is what it shall be called; "" is the name that it says itself,
// which a foreign gzip file cannot. It appears under its name only when all of
// it is there, durable, and good as Verify finds it. The caller holds the job
// lock, and sees to it that r's reads end with ctx.
//
// The errors: ErrNotSnapshot for what is no gzip file, ErrDamaged, ErrNewer,
// ErrTooLarge, ondisk.ErrBadName, ErrExists, a *NoSpace, r's, or the context's.
// After any of them nothing is left. What it writes is bounded by the room there is: a part
// of the file system is always left free.
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
	folder := s.dir.Snapshots()
	if err := errors.Join(ondisk.MakeDir(folder), s.Sweep()); err != nil {
		return Info{}, err
	}
	room, err := newBudget(folder, max(0, size, in.header.FileSize))
	if err != nil {
		return Info{}, err
	}
	out, err := ondisk.NewReplacement(s.file(name))
	if err != nil {
		return Info{}, tell(ctx, folder, 0, err)
	}
	defer out.Discard()
	info, err := in.receive(ctx, &received{File: out.File, room: room}, name, p)
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
		return Info{}, tell(ctx, folder, max(0, size, in.header.FileSize), err)
	}
	return info, nil
}

// incoming is a file that is to be imported.
type incoming struct {
	start  []byte // its first bytes
	rest   io.Reader
	ours   bool
	header gzfile.Header // if it is ours
}

// newIncoming reads as much as is needed to tell what it is.
func newIncoming(ctx context.Context, r io.Reader, size int64) (*incoming, error) {
	in := &incoming{start: make([]byte, gzfile.MaxHeader), rest: r}
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
		return nil, &gzfile.Damage{Chunk: -1, Reason: fmt.Sprintf("it is %d bytes long and should be %d", size, in.header.FileSize)}
	}
	in.ours = true
	return in, nil
}

func (in *incoming) name(asked string) (string, error) {
	switch {
	case asked != "":
		return asked, nil
	case !in.ours:
		return "", fmt.Errorf("%w: a gzip file of another tool has none of its own", ondisk.ErrBadName)
	}
	return in.header.Name, nil
}

// received is the file as it comes in, within a budget.
type received struct {
	*os.File
	room    *budget
	written int64
}

func (r *received) Write(p []byte) (int, error) {
	if err := r.room.take(len(p)); err != nil {
		return 0, err
	}
	n, err := r.File.Write(p)
	r.written += int64(n)
	return n, err
}

// receive writes the file to out while it is checked.
func (in *incoming) receive(ctx context.Context, out *received, name string, p Progress) (Info, error) {
	src := io.MultiReader(bytes.NewReader(in.start), in.rest)
	if in.ours {
		src = io.LimitReader(src, in.header.FileSize+1) // one more is one too many
	}
	var data atomic.Int64
	stream := unpack
	if in.ours {
		stream = gzfile.Stream
	}
	c, err := stream(ctx, io.TeeReader(src, out), counting(&data), gzfile.Options{Add: p.Add})
	if err != nil {
		return Info{}, err
	}
	if in.ours {
		return in.accept(ctx, out, c, name)
	}
	return Info{
		Name: name, Created: time.Now().UTC(), DiskSize: c.Size, Data: data.Load(), Digest: c.Digest,
		FileSize: out.written, Foreign: true, State: StateImported, VerifiedAt: stamp(),
	}, nil
}

// accept checks what a file of ours says of itself, against what was unpacked
// and against what was written, and gives it its new name.
func (in *incoming) accept(ctx context.Context, out *received, c gzfile.Content, name string) (Info, error) {
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
		renamed, head, err := file.Rehead(name, h.Description, h.Pinned)
		// Should the name not fit in, the file goes on saying its old one.
		if err == nil && renamed.FileSize == h.FileSize {
			if _, err := out.WriteAt(head, 0); err != nil {
				return Info{}, err
			}
		}
	}
	info := fromHeader(h, name)
	info.State, info.VerifiedAt = StateImported, stamp()
	return info, nil
}
