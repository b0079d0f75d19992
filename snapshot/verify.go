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

// Verified is the result of a verification.
type Verified struct {
	// Compared is the extent of the verification.
	Compared Comparison
	// Bytes is the number of bytes read.
	Bytes int64
}

// Comparison is the extent of a verification.
type Comparison string

const (
	// ComparedAll means that all data was decompressed and compared with the file's SHA-256 and
	// CRC-32, and all compressed bytes with its CRC-32C.
	ComparedAll Comparison = "all"
	// ComparedQuick means that the file's length and header were checked and all compressed
	// bytes compared with its CRC-32C; nothing was decompressed.
	ComparedQuick Comparison = "quick"
	// ComparedForeign means that all data was decompressed and compared with the CRC-32 and
	// length in a gzip file that was not written by VMTerminal and has no SHA-256.
	ComparedForeign Comparison = "foreign"
)

// Verify reads every byte of a snapshot and checks it. The result is stored in its row, and
// nothing else is changed. It needs no lock. If quick is set, only length, header and
// compressed bytes are checked, and only damage is stored; a foreign file is always
// decompressed. The errors are those of Restore; a *Damage names the first bad chunk if it
// is known.
func (s *Store) Verify(ctx context.Context, name string, quick bool, p Progress) (Verified, error) {
	info, err := s.Get(ctx, name)
	if err != nil {
		return Verified{}, err
	}
	v := Verifier{store: s, catalog: catalog{[]Info{info}, map[string]int{name: 0}, nil}}
	defer v.Close()
	return v.Verify(ctx, name, quick, p)
}

// Verifier verifies many snapshots with a single listing. It writes its findings to the
// rows when it is closed, and every few seconds before. It is not safe for concurrent use.
type Verifier struct {
	store   *Store
	catalog catalog
	found   []finding
	written time.Time
}

// finding is a change to be made to the row of a snapshot.
type finding struct {
	snapshot Info
	change   func(*row)
}

// writeFindingsAfter is how long findings may be only in memory.
const writeFindingsAfter = 5 * time.Second

// NewVerifier lists the snapshots. The caller must close the Verifier.
func (s *Store) NewVerifier(ctx context.Context) (*Verifier, error) {
	all, err := s.catalog(ctx)
	return &Verifier{store: s, catalog: all, written: time.Now()}, err
}

// RecordBoot records that a guest was started from the snapshot described by info. It ignores
// errors, and does nothing if the file has changed in the meantime.
func (s *Store) RecordBoot(info Info) {
	v := Verifier{store: s}
	at := currentRowTime()
	v.found = []finding{{info, func(r *row) { r.BootedAt = at }}}
	v.Close()
}

// Names returns the names of all snapshots, newest first.
func (v *Verifier) Names() []string {
	names := make([]string, len(v.catalog.list))
	for at, i := range v.catalog.list {
		names[at] = i.Name
	}
	return names
}

// Get returns a snapshot as it was listed.
func (v *Verifier) Get(name string) (Info, error) { return v.catalog.get(name) }

// Verify is like [Store.Verify], for one of the listed snapshots.
func (v *Verifier) Verify(ctx context.Context, name string, quick bool, p Progress) (Verified, error) {
	s := v.store
	info, err := v.catalog.get(name)
	if err == nil {
		err = s.checkPresent(info)
	}
	if err != nil {
		return Verified{}, err
	}
	file, now, err := s.open(info.Name)
	if err != nil {
		return Verified{}, err
	}
	defer file.Close()
	out, found, err := s.verify(ctx, file, now, quick, orNoProgress(p))
	if errors.Is(err, ErrDamaged) {
		damage := newFoundDamage(err)
		v.addFinding(now, func(r *row) { r.VerifiedAt, r.Damage = time.Time{}, damage })
		return Verified{}, fmt.Errorf("%s: %w", s.filePath(info.Name), err)
	}
	if err != nil {
		return Verified{}, classifyError(ctx, s.paths.Snapshots, 0, err)
	}
	if !quick || now.Foreign {
		at := currentRowTime()
		v.addFinding(now, func(r *row) {
			r.DiskSize, r.Data, r.Digest = found.DiskSize, found.Data, found.Digest
			r.VerifiedAt, r.Damage = at, foundDamage{}
		})
	}
	return out, nil
}

// addFinding adds a finding and writes all of them if the last write was long ago.
func (v *Verifier) addFinding(of Info, change func(*row)) {
	v.found = append(v.found, finding{of, change})
	if time.Since(v.written) > writeFindingsAfter {
		v.Close()
	}
}

// Close writes the findings to the rows. It ignores errors, and skips files that have changed
// in the meantime. Rows that cannot be decoded are left alone.
func (v *Verifier) Close() {
	found := v.found
	v.found, v.written = nil, time.Now()
	if len(found) == 0 {
		return
	}
	if _, err := readRows(v.store.paths.Rows); err != nil {
		return
	}
	_ = v.store.changeRows(func(r *rows) (changed bool, err error) {
		for _, f := range found {
			now := v.store.inspect(f.snapshot.Name)
			if now.ID == f.snapshot.ID && now.Foreign == f.snapshot.Foreign && now.FileSize == f.snapshot.FileSize {
				r.update(now, f.change)
				changed = true
			}
		}
		return changed, nil
	})
}

// currentRowTime returns the current time with the precision of rows.
func currentRowTime() time.Time { return time.Now().UTC().Truncate(time.Second) }

// verify checks a file. It returns info with the size and digest found in a foreign file.
func (d folder) verify(ctx context.Context, file *snapshotFile, info Info, quick bool, p Progress) (Verified, Info, error) {
	p.Phase(PhaseVerify, file.size)
	opt := gzfile.Options{Add: p.Add}
	out := Verified{Bytes: file.size}
	switch {
	case file.native == nil:
		out.Compared = ComparedForeign
		var data atomic.Int64
		c, err := unpackForeign(ctx, io.NewSectionReader(file, 0, file.size), countingSink(&data), opt)
		info.DiskSize, info.Data, info.Digest = c.Size, data.Load(), c.Digest
		return out, info, err
	case quick:
		out.Compared = ComparedQuick
		return out, info, file.native.CopyTo(ctx, io.Discard, opt)
	}
	out.Compared = ComparedAll
	index := readIndex(d.indexPath(info.Name), file)
	err := file.native.Verify(ctx, index, opt)
	var known *gzfile.Damage
	if index == nil || !errors.As(err, &known) {
		return out, info, err
	}
	// The index is only a cache, so verify the file without it.
	p.Phase(PhaseVerify, file.size)
	err = file.native.Verify(ctx, nil, opt)
	if errors.Is(err, ErrDamaged) && known.Chunk >= 0 {
		err = known
	}
	return out, info, err
}

// countingSink returns a sink that only counts the bytes that a restore would write.
func countingSink(data *atomic.Int64) gzfile.Sink {
	return func(_ int64, content []byte) error {
		data.Add(diskfile.DataBytes(content))
		return nil
	}
}
