package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/gzfile"
)

// Export gives a snapshot's file to w as it is. It needs no lock. What is given
// is checked on the way, our files by the CRC-32C of their compressed bytes,
// foreign ones by unpacking them: after an error, ErrDamaged among them, w has
// got something that is not to be used.
func (s *Store) Export(ctx context.Context, name string, w io.Writer, p Progress) error {
	p = orSilent(p)
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	p.Phase(PhaseExport, file.size)
	opt := gzfile.Options{Add: p.Add}
	if file.ours != nil {
		err = file.ours.CopyTo(ctx, w, opt)
	} else {
		nowhere := func(int64, []byte) error { return nil }
		_, err = unpack(ctx, io.TeeReader(io.NewSectionReader(file, 0, file.size), w), nowhere, opt)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%s: %w", s.file(info.Name), err)
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// ExportFile is Export to a file, which appears at path when it is whole, durable
// and found good, in the place of what was there. A part of the file system is
// left free, as by Import: the error may be a *NoSpace. After any error there is
// no part of the file.
func (s *Store) ExportFile(ctx context.Context, name, path string, p Progress) error {
	p = orSilent(p)
	info, err := s.present(ctx, name)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	room, err := newBudget(folder, info.FileSize)
	if err != nil {
		return err
	}
	out, err := ondisk.NewReplacement(path)
	if err != nil {
		return tell(ctx, folder, info.FileSize, err)
	}
	defer out.Discard()
	err = s.Export(ctx, info.Name, &received{File: out.File, room: room}, p)
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
	return tell(ctx, folder, info.FileSize, err)
}
