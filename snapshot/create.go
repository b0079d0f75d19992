package snapshot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// A Request describes a snapshot to be created.
type Request struct {
	Name string
	// Description must not be longer than MaxDescription bytes. Control characters become
	// spaces.
	Description string
	Purpose     Purpose // if the program takes the snapshot without being asked to
	VM          string
	Taken       Taken
	FrozenFor   time.Duration // how long the guest was paused
	Created     time.Time     // zero means now
	// Automatic means that a schedule creates the snapshot, not a person.
	Automatic bool
	// UnlessSame makes Create fail with ErrUnchanged if the new snapshot has the same
	// contents as the one whose chunks are reused, normally the newest.
	UnlessSame bool
	// Changes, if set, lists the changes to the disk since an earlier snapshot.
	Changes *Changes
	// Base, if set, is called if the store has no snapshot whose chunks can be reused. It returns
	// the path of another snapshot file to reuse, or "". That file is only a cache: if it has no
	// usable index, it is ignored.
	Base func() string
}

// Changes lists the parts of a disk that may have changed since a snapshot, so that the rest
// need not be read.
type Changes struct {
	// ID and Digest identify the snapshot. If it no longer exists, the whole disk is read.
	ID, Digest string
	// Ranges are all parts of the disk that may have changed.
	Ranges []Range
}

// Created is a new snapshot with details of its creation.
type Created struct {
	Info
	// Reused is how many bytes of its file were copied from an earlier snapshot instead of
	// compressed, and Shared is how many of these share blocks with it.
	Reused, Shared int64
	// Unread is how many bytes of the disk's data were not read, thanks to Request.Changes.
	Unread int64
	// BadBase means that the file from Request.Base is damaged or has no usable index.
	BadBase bool
	// Notes are sentences about damage found in older snapshots, and about data that the
	// new one lacks.
	Notes []string
}

// Create creates a snapshot of src. It reuses the chunks of the newest snapshot, or else of
// Request.Base, that have not changed. The caller must hold the job lock and must have called Sweep. The error, if
// any, wraps durable.ErrBadName, ErrBadDescription, ErrExists, ErrNewer, ErrUnchanged,
// ErrTooLarge, ErrDiskChanged or a *NoSpace, or is the source's or the context's. After an
// error there is no snapshot, and all calls to src have returned.
func (s *Store) Create(ctx context.Context, src Source, req Request, p Progress) (Created, error) {
	return s.create(ctx, src, s.paths.Firmware, req, orNoProgress(p))
}

// CreateFromUndo is like Create, for the undo disk. The error may also wrap ErrNoUndo.
func (s *Store) CreateFromUndo(ctx context.Context, req Request, p Progress) (Created, error) {
	kept, err := s.UndoPath()
	if err != nil {
		return Created{}, err
	}
	src, err := OpenDisk(kept)
	if err != nil {
		return Created{}, err
	}
	defer src.Close()
	req.Taken = TakenStopped
	return s.create(ctx, src, s.paths.FirmwareUndo, req, orNoProgress(p))
}

func (s *Store) create(ctx context.Context, src Source, firmware string, req Request, p Progress) (Created, error) {
	list, err := s.listForCreate(ctx, req.Name)
	if err != nil {
		return Created{}, err
	}
	h, err := req.header()
	if err != nil {
		return Created{}, err
	}
	packedFirmware, firmwareNote, err := packFirmware(firmware)
	if err != nil {
		return Created{}, err
	}
	h.Firmware = packedFirmware
	folder := s.paths.Snapshots
	if err := durable.MakeDir(folder); err != nil {
		return Created{}, err
	}
	out, err := durable.NewReplacement(s.filePath(req.Name))
	if err != nil {
		return Created{}, classifyError(ctx, folder, 0, err)
	}
	defer out.Discard()
	base, notes, err := s.openBase(ctx, list, req, src.Size(), p)
	if err != nil {
		return Created{}, err
	}
	badBase := false
	if base == nil && req.Base != nil {
		base, badBase = openOtherBase(req.Base())
	}
	defer base.close()
	h, index, err := writeSnapshot(ctx, out, src, h, base, p)
	if err != nil {
		return Created{}, err
	}
	info := infoFromHeader(h, req.Name)
	info.State = StateOK
	if info, err = s.publish(out, info); err != nil {
		return Created{}, classifyError(ctx, folder, 0, err)
	}
	saveIndex(s.indexPath(req.Name), index)
	created := Created{Info: info, BadBase: badBase, Notes: append(notes, base.notes()...)}
	if firmwareNote != "" {
		created.Notes = append(created.Notes, firmwareNote)
	}
	if base != nil {
		created.Reused, created.Shared, created.Unread = base.Reused, base.Shared, base.Unread
		created.BadBase = base.other && len(base.DamagedChunks) > 0
	}
	return created, nil
}

// WriteFile writes a snapshot of src, with its index, to a file that belongs to no store, such as
// a file for Request.Base. It replaces an existing file, and the new one is durable when it
// appears. The errors are those of Create.
func WriteFile(ctx context.Context, src Source, path string, req Request, p Progress) error {
	p = orNoProgress(p)
	h, err := req.header()
	if err != nil {
		return err
	}
	d, name := splitPath(path)
	out, err := durable.NewReplacement(path)
	if err != nil {
		return classifyError(ctx, d.dir, 0, err)
	}
	defer out.Discard()
	_, index, err := writeSnapshot(ctx, out, src, h, nil, p)
	if err != nil {
		return err
	}
	saveIndex(d.indexPath(name), index) // first, so that a complete file has its index
	return classifyError(ctx, d.dir, 0, out.Commit())
}

// saveIndex writes an index. It ignores errors, as the index is only a cache.
func saveIndex(path string, index *gzfile.Index) {
	b, err := index.Bytes()
	if err != nil {
		return
	}
	_ = durable.ReplaceCache(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func (r Request) header() (gzfile.Header, error) {
	description, err := cleanDescription(r.Description)
	if err != nil {
		return gzfile.Header{}, err
	}
	if r.Created.IsZero() {
		r.Created = time.Now()
	}
	id := make([]byte, 16)
	rand.Read(id)
	scheduledName := ""
	if r.Automatic {
		scheduledName = r.Name
	}
	return gzfile.Header{
		Automatic: scheduledName,
		ID:        hex.EncodeToString(id), Name: r.Name, Description: description, Purpose: sanitizePurpose(r.Purpose), VM: sanitizeText(r.VM),
		Created: r.Created.UTC().Round(0), Taken: string(r.Taken), FrozenMicros: r.FrozenFor.Microseconds(),
	}, nil
}

// writeSnapshot writes the snapshot file and makes its contents durable.
func writeSnapshot(ctx context.Context, out *durable.Replacement, src Source, h gzfile.Header, base *base, p Progress) (gzfile.Header, *gzfile.Index, error) {
	folder := filepath.Dir(out.Name())
	p.Phase(PhaseScan, 0)
	plan, err := gzfile.NewPlan(ctx, src)
	if err != nil {
		return h, nil, classifyError(ctx, folder, 0, err)
	}
	// The smallest possible file is that of a disk of zeros.
	room, err := newBudget(folder, src.Size()/1024+3*gzfile.Align)
	if err != nil {
		return h, nil, err
	}
	p.Phase(PhaseCompress, plan.Bytes)
	var done atomic.Int64
	file := &budgetedFile{WriteBehind: diskfile.WriteBehind{File: out.File}, budget: room}
	add := func(n int64) {
		done.Add(n)
		p.Add(n)
	}
	h, index, err := gzfile.Write(ctx, file, src, plan, h, gzfile.Options{Add: add, Base: base.prepareCloning(file)})
	if err == nil {
		err = checkUnchanged(src)
	}
	if err == nil {
		err = base.checkDiffers(h)
	}
	if err == nil { // a discarded clone may reach beyond the end
		err = out.Truncate(h.FileSize)
	}
	if err == nil {
		p.Phase(PhaseFlush, 0)
		err = out.Sync()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return h, nil, withEstimate(classifyError(ctx, folder, 0, err), file.written, done.Load(), plan.Bytes)
	}
	return h, index, nil
}

// withEstimate adds to a *NoSpace how much space the snapshot needs, extrapolated from the
// part compressed so far.
func withEstimate(err error, written, done, total int64) error {
	var full *NoSpace
	if errors.As(err, &full) && done > 0 {
		full.Needed = int64(float64(written) * float64(total) / float64(done))
	}
	return err
}

// publish gives a complete snapshot file its name and its row.
func (s *rowStore) publish(out *durable.Replacement, info Info) (Info, error) {
	named := false
	err := s.changeRows(func(r *rows) (bool, error) {
		if err := s.checkNameFree("", info.Name); err != nil {
			return false, err // another program has created the file
		}
		os.Remove(s.indexPath(info.Name))
		if err := s.commit(out, info.Name); err != nil {
			return false, err
		}
		named = true
		r.put(rowFromInfo(info))
		return true, nil
	})
	if err != nil && named {
		info.State, info.Problem = StateImported, fmt.Errorf("write its row: %w", err)
		err = nil
	}
	info.Frees = diskfile.Reclaimable(s.filePath(info.Name))
	return info, err
}

// commit gives a synced file its name durably. If the name may not be durable, commit
// removes the file; if that fails too, the error is a *durable.NotDurable.
func (d folder) commit(out *durable.Replacement, name string) error {
	if err := out.Place(); err != nil {
		return err
	}
	err := durable.MarkNotDurable(durable.SyncDir(d.dir))
	if err != nil && os.Remove(d.filePath(name)) == nil {
		return durable.UnmarkNotDurable(err)
	}
	return err
}
