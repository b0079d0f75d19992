package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// Export copies a snapshot's file to w. It needs no lock. The data is checked while it is
// copied: our files by the CRC-32C of their compressed bytes, foreign ones by decompressing
// them. So after an error, such as ErrDamaged, the data written to w must not be used.
func (s *Store) Export(ctx context.Context, name string, w io.Writer, p Progress) error {
	p = orNoProgress(p)
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	p.Phase(PhaseExport, file.size)
	opt := gzfile.Options{Add: p.Add}
	if file.native != nil {
		err = file.native.CopyTo(ctx, w, opt)
	} else {
		discard := func(int64, []byte) error { return nil }
		_, err = unpackForeign(ctx, io.TeeReader(io.NewSectionReader(file, 0, file.size), w), discard, opt)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%s: %w", s.filePath(info.Name), err)
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// ExportFile exports a snapshot to a file at path. It creates or replaces that file once
// the new file is complete, checked and durable. Like Import it leaves part of the file
// system free: the error may be a *NoSpace. After an error nothing has changed.
func (s *Store) ExportFile(ctx context.Context, name, path string, p Progress) error {
	p = orNoProgress(p)
	info, err := s.getPresent(ctx, name)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	room, err := newBudget(folder, info.FileSize)
	if err != nil {
		return err
	}
	out, err := durable.NewReplacement(path)
	if err != nil {
		return classifyError(ctx, folder, info.FileSize, err)
	}
	defer out.Discard()
	err = s.Export(ctx, info.Name, &budgetedStream{File: out.File, budget: room}, p)
	if err == nil {
		p.Phase(PhaseFlush, 0)
		err = out.Sync()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = out.Commit()
	}
	return classifyError(ctx, folder, info.FileSize, err)
}
