package snapshot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// Request says what is to be kept with a new snapshot.
type Request struct {
	Name string
	// Description is at most MaxDescription bytes; control characters become
	// spaces.
	Description string
	VM          string
	Taken       Taken
	Held        time.Duration
	Created     time.Time // zero: now
	// Automatic says that a schedule takes it, not a person.
	Automatic bool
	// UnlessSame refuses, with ErrUnchanged, what the newest good snapshot holds
	// already.
	UnlessSame bool
	// Changes is what is known of the disk since an earlier snapshot; nil for
	// nothing.
	Changes *Changes
}

// Changes tells what may have changed on a disk since a snapshot of it was
// taken, so that the rest need not be read.
type Changes struct {
	// ID and Digest are the snapshot's; if it is not there any more, all is read.
	ID, Digest string
	// Ranges are all parts of the disk that may have changed, in order.
	Ranges []Range
}

// Created is a new snapshot, and how it came about.
type Created struct {
	Info
	// Reused is how many bytes of its file were not compressed but taken from
	// the newest snapshot before; Shared what of these shares its blocks.
	Reused, Shared int64
	// Unread is how much of the disk's data was not read, by Request.Changes.
	Unread int64
	// Notes are sentences about older snapshots that were found damaged, while this
	// one is good, and about what it does not hold.
	Notes []string
}

// Create takes a snapshot of src. What has not changed since the newest snapshot
// is used again. The caller holds the job lock. The errors:
// ondisk.ErrBadName, ErrBadDescription, ErrExists, ErrNewer, ErrUnchanged,
// ErrTooLarge, a *NoSpace, the source's, or the context's. When it returns an
// error there is no snapshot, and every call of src has returned.
func (s *Store) Create(ctx context.Context, src Source, req Request, p Progress) (Created, error) {
	p = orSilent(p)
	if err := s.Reserve(req.Name); err != nil {
		return Created{}, err
	}
	h, err := req.header()
	if err != nil {
		return Created{}, err
	}
	packed, tooLarge, err := s.packFirmware()
	if err != nil {
		return Created{}, err
	}
	h.Firmware = packed
	folder := s.dir.Snapshots()
	if err := errors.Join(ondisk.MakeDir(folder), s.Sweep()); err != nil {
		return Created{}, err
	}
	out, err := ondisk.NewReplacement(s.file(req.Name))
	if err != nil {
		return Created{}, tell(ctx, folder, 0, err)
	}
	defer out.Discard()
	base, notes, err := s.base(ctx, req.Changes, src.Size(), p)
	if err != nil {
		return Created{}, err
	}
	defer base.close()
	base.mustDiffer(req.UnlessSame)
	h, index, err := write(ctx, out, folder, src, h, base, p)
	if err != nil {
		return Created{}, err
	}
	info := fromHeader(h, req.Name)
	info.State = StateOK
	if info, err = s.publish(out, info); err != nil {
		return Created{}, tell(ctx, folder, 0, err)
	}
	s.keepIndex(req.Name, index)
	made := Created{Info: info, Notes: append(notes, base.notes()...)}
	if tooLarge != "" {
		made.Notes = append(made.Notes, tooLarge)
	}
	if base != nil {
		made.Reused, made.Shared, made.Unread = base.Reused, base.Shared, base.Unread
	}
	return made, nil
}

// keepIndex writes an index. It is only a cache: a snapshot without one is as
// good, so a failure is of no consequence.
func (s *Store) keepIndex(name string, index *gzfile.Index) {
	b, err := index.Bytes()
	if err != nil {
		return
	}
	_ = ondisk.Replace(s.index(name), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func (r Request) header() (gzfile.Header, error) {
	description, err := describe(r.Description)
	if err != nil {
		return gzfile.Header{}, err
	}
	if r.Created.IsZero() {
		r.Created = time.Now()
	}
	id := make([]byte, 16)
	rand.Read(id)
	given := ""
	if r.Automatic {
		given = r.Name
	}
	return gzfile.Header{
		Automatic: given,
		ID:        hex.EncodeToString(id), Name: r.Name, Description: description, VM: plain(r.VM),
		Created: r.Created.UTC().Round(0), Taken: string(r.Taken), HeldMicros: r.Held.Microseconds(),
	}, nil
}

// write writes the file and makes its content durable.
func write(ctx context.Context, out *ondisk.Replacement, folder string, src Source, h gzfile.Header, base *base, p Progress) (gzfile.Header, *gzfile.Index, error) {
	p.Phase(PhaseLook, 0)
	plan, err := gzfile.NewPlan(ctx, src)
	if err != nil {
		return h, nil, tell(ctx, folder, 0, err)
	}
	// The least that the file can be: what gzip makes of zeros.
	room, err := newBudget(folder, src.Size()/1024+3*gzfile.Align)
	if err != nil {
		return h, nil, err
	}
	p.Phase(PhaseCompress, plan.Bytes())
	var done atomic.Int64
	file := &budgeted{WriteBehind: diskfile.WriteBehind{File: out.File}, budget: room}
	add := func(n int64) {
		done.Add(n)
		p.Add(n)
	}
	h, index, err := gzfile.Write(ctx, file, src, plan, h, gzfile.Options{Add: add, Base: base.on(file)})
	if err == nil {
		err = base.differs(h)
	}
	if err == nil {
		p.Phase(PhaseFlush, 0)
		err = out.Sync()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return h, nil, withEstimate(tell(ctx, folder, 0, err), file.written, done.Load(), plan.Bytes())
	}
	return h, index, nil
}

// withEstimate says how much room a snapshot needs in all, going by what has
// been compressed so far.
func withEstimate(err error, written, done, total int64) error {
	var full *NoSpace
	if errors.As(err, &full) && done > 0 {
		full.Needed = int64(float64(written) * float64(total) / float64(done))
	}
	return err
}

// publish gives the file its name and its row.
func (s *Store) publish(out *ondisk.Replacement, info Info) (Info, error) {
	named := false
	_, err := s.changeRows(func(r *rows) (bool, error) {
		if err := s.Reserve(info.Name); err != nil {
			return false, err // someone copied a file in meanwhile
		}
		os.Remove(s.index(info.Name))
		if err := s.commit(out, info.Name); err != nil {
			return false, err
		}
		named = true
		r.put(asRow(info))
		return true, nil
	})
	if err != nil && named {
		info.State, info.Problem = StateImported, "its row could not be written: "+err.Error()
		err = nil
	}
	info.Frees = diskfile.Frees(s.file(info.Name))
	return info, err
}

// commit gives the file its name. If that may not be durable, it is taken back;
// should that fail too, the error is a *ondisk.NotDurable.
func (s *Store) commit(out *ondisk.Replacement, name string) error {
	err := out.Commit()
	if errors.Is(err, ondisk.ErrNotDurable) && os.Remove(s.file(name)) == nil {
		return ondisk.NotDone(err)
	}
	return err
}
