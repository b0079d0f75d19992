package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// Verified is what a verification did.
type Verified struct {
	// Compared says in one sentence what was compared with what.
	Compared string
	// Bytes is how much of the file was read.
	Bytes int64
}

const (
	comparedAll     = "Every chunk was unpacked and compared with the SHA-256, CRC-32 and size of the disk, and every compressed byte with the CRC-32C, that the file carries."
	comparedQuick   = "The file's length and header, and every compressed byte with the CRC-32C that the file carries, were compared; nothing was unpacked."
	comparedForeign = "All was unpacked and compared with the CRC-32 and length of the gzip file; it was not written by VMTerminal and carries no SHA-256."
)

// Verify reads every byte of a snapshot and changes nothing but its row, which
// keeps when all was found good, or what was not. It needs no lock. quick only
// looks at length, header and compressed bytes, and says nothing in the row
// unless it finds damage; a foreign file can only be unpacked. The error is as
// Restore's; a *gzfile.Damage tells the first bad chunk, if the index or the
// decompressor knows it.
func (s *Store) Verify(ctx context.Context, name string, quick bool, p Progress) (Verified, error) {
	info, err := s.present(ctx, name)
	if err != nil {
		return Verified{}, err
	}
	file, now, err := s.open(info.Name)
	if err != nil {
		return Verified{}, err
	}
	defer file.Close()
	out, found, err := s.verify(ctx, file, now, quick, orSilent(p))
	if errors.Is(err, ErrDamaged) {
		s.record(now, func(r *row) { r.VerifiedAt, r.Damage = time.Time{}, foundText(err) })
		return Verified{}, fmt.Errorf("%s: %w", s.file(info.Name), err)
	}
	if err != nil {
		return Verified{}, tell(ctx, s.dir.Snapshots(), 0, err)
	}
	if !quick || now.Foreign {
		s.record(now, func(r *row) {
			r.DiskSize, r.Data, r.Digest = found.DiskSize, found.Data, found.Digest
			r.VerifiedAt, r.Damage = stamp(), ""
		})
	}
	return out, nil
}

func foundText(err error) string {
	return fmt.Sprintf("found on %s: %v", time.Now().Format(time.DateOnly), err)
}

// stamp is now, as rows keep it.
func stamp() time.Time { return time.Now().UTC().Truncate(time.Second) }

// verify returns also what a foreign file turned out to hold.
func (s *Store) verify(ctx context.Context, file *opened, info Info, quick bool, p Progress) (Verified, Info, error) {
	p.Phase(PhaseVerify, file.size)
	opt := gzfile.Options{Add: p.Add}
	out := Verified{Bytes: file.size}
	switch {
	case file.ours == nil:
		out.Compared = comparedForeign
		var data atomic.Int64
		c, err := unpack(ctx, io.NewSectionReader(file, 0, file.size), counting(&data), opt)
		info.DiskSize, info.Data, info.Digest = c.Size, data.Load(), c.Digest
		return out, info, err
	case quick:
		out.Compared = comparedQuick
		return out, info, file.ours.CopyTo(ctx, io.Discard, opt)
	}
	out.Compared = comparedAll
	index := s.readIndex(info.Name, file)
	err := file.ours.Verify(ctx, index, opt)
	var known *gzfile.Damage
	if index == nil || !errors.As(err, &known) {
		return out, info, err
	}
	// The index is only a cache: the file itself has the last word.
	p.Phase(PhaseVerify, file.size)
	err = file.ours.Verify(ctx, nil, opt)
	if errors.Is(err, ErrDamaged) && known.Chunk >= 0 {
		err = known
	}
	return out, info, err
}

// counting is a sink that only counts what a restore would write.
func counting(data *atomic.Int64) gzfile.Sink {
	return func(_ int64, content []byte) error {
		data.Add(diskfile.DataBytes(content))
		return nil
	}
}

// record notes what was found in the row. A row is only a cache: that it cannot
// be written, or that the file has gone meanwhile, is of no consequence.
func (s *Store) record(info Info, change func(*row)) {
	_, _ = s.changeRows(func(r *rows) (bool, error) {
		now := s.inspect(info.Name)
		if now.ID != info.ID || now.Foreign != info.Foreign || now.FileSize != info.FileSize {
			return false, nil
		}
		r.note(now, change)
		return true, nil
	})
}
