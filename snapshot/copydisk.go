package snapshot

import (
	"context"
	"errors"
	"path/filepath"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// CopyDisk copies src to a new sparse file, which is durable when it appears. A stopped
// VM's disk and its copy share their blocks if the file system supports that. The error, if
// any, is ErrDiskChanged, a *NoSpace, the source's or the context's; the file then does not
// exist.
func CopyDisk(ctx context.Context, src Source, path string, p Progress) error {
	p = orNoProgress(p)
	folder := filepath.Dir(path)
	p.Phase(PhaseScan, 0)
	plan, err := gzfile.NewPlan(ctx, src)
	if err != nil {
		return classifyError(ctx, folder, 0, err)
	}
	next, err := durable.NewReplacement(path)
	if err != nil {
		return classifyError(ctx, folder, 0, err)
	}
	defer next.Discard()
	if err := errors.Join(copyData(ctx, next, src, plan.Bytes, folder, p), checkUnchanged(src)); err != nil {
		return classifyError(ctx, folder, plan.Bytes, err)
	}
	p.Phase(PhaseFlush, 0)
	if err := next.Commit(); err != nil {
		return classifyError(ctx, folder, plan.Bytes, err)
	}
	return nil
}

func copyData(ctx context.Context, next *durable.Replacement, src Source, bytes int64, folder string, p Progress) error {
	shareable, _ := src.(StoppedSource)
	if shareable != nil && !diskfile.CanShare(next.File, shareable) {
		shareable = nil
	}
	needed := bytes
	if shareable != nil {
		needed = 0
	}
	room, err := newBudget(folder, needed)
	if err != nil {
		return err
	}
	out := &budgetedFile{WriteBehind: diskfile.WriteBehind{File: next.File, DropCache: true}, budget: room}
	p.Phase(PhaseCopy, bytes)
	buf := make([]byte, gzfile.ChunkSize)
	for at := int64(0); ; {
		start, end, err := src.NextData(at)
		if err != nil {
			return err
		}
		if start >= src.Size() {
			return errors.Join(next.Truncate(src.Size()), ctx.Err())
		}
		for at = start; at < end; {
			n := min(int64(len(buf))-at%int64(len(buf)), end-at)
			if err := errors.Join(ctx.Err(), copyPart(out, src, shareable, buf[:n], at)); err != nil {
				return err
			}
			p.Add(n)
			at += n
		}
	}
}

// copyPart copies len(b) bytes at offset off, with b as the buffer. If shares is not nil,
// it shares whole blocks of that disk instead.
func copyPart(out *budgetedFile, src Source, shareable StoppedSource, b []byte, off int64) error {
	n := int64(len(b))
	if shareable != nil && off%diskfile.BlockSize == 0 && n%diskfile.BlockSize == 0 {
		err := shareable.Share(out.File, off, n)
		if !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	if read, err := src.ReadAt(b, off); read < len(b) {
		return err
	}
	_, err := diskfile.WriteSparse(out, b, off)
	return err
}
