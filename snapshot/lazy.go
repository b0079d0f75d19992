package snapshot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/snapshot/gzfile"
)

// ErrCannotBeLazy means that a lazy disk cannot be created from a snapshot: it is foreign, or
// it is on another file system or on one without hard links. The whole snapshot must be
// restored.
var ErrCannotBeLazy = errors.New("a disk cannot be filled in from this snapshot while it is in use")

// An OverlayFunc creates the overlay of a lazy disk, durably.
type OverlayFunc func(path string, diskSize int64) error

// RestoreLazily is like Restore, but returns as soon as the new disk can be used: it is a lazy
// disk, which [Filler.Fill] fills in. Each chunk is checked when it is read. The error may also
// wrap ErrCannotBeLazy. If keepUndo is set, the existing undo disk is kept, as by
// RestoreKeepingUndo.
func (s *Store) RestoreLazily(ctx context.Context, name, disk string, keepUndo bool, createOverlay OverlayFunc, p Progress) (Restored, error) {
	return s.restore(ctx, name, disk, restoreOptions{keepUndo, createOverlay}, orNoProgress(p))
}

// CreateLazyDisk creates a lazy disk of a snapshot at a path where no disk is. filling is the
// folder for what it is filled from. The
// errors are those of RestoreLazily.
func (s *Store) CreateLazyDisk(ctx context.Context, name, disk string, filling lazydisk.Dir, createOverlay OverlayFunc, p Progress) error {
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read-only
	next, err := durable.NewReplacement(disk)
	if err != nil {
		return classifyError(ctx, filepath.Dir(disk), 0, err)
	}
	defer next.Discard()
	folder, err := s.makeLazy(ctx, next.File, filling, file, info, createOverlay, orNoProgress(p))
	if err == nil {
		if err = next.Commit(); err != nil && !errors.Is(err, durable.ErrNotDurable) {
			folder.Remove()
		}
	}
	return classifyError(ctx, filepath.Dir(disk), max(0, info.Data), err)
}

// makeLazy makes the empty file f a lazy disk of a snapshot.
func (s *Store) makeLazy(ctx context.Context, f *os.File, filling lazydisk.Dir, file *snapshotFile, info Info, createOverlay OverlayFunc, p Progress) (lazydisk.Folder, error) {
	if file.native == nil || file.native.Header.Size%lazydisk.SizeUnit != 0 {
		return "", ErrCannotBeLazy
	}
	index, err := s.loadIndex(ctx, file, info.Name, p)
	if err == nil {
		_, err = file.native.NewDiskReader(index, 1) // checks the index
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.filePath(info.Name), err)
	}
	if _, err := newBudget(filepath.Dir(f.Name()), index.DataBytes()); err != nil {
		return "", err
	}
	m := lazydisk.Marker{
		ID: rand.Text(), Size: index.Size, Kind: lazydisk.Snapshot,
		Name: info.Name, SnapshotID: info.ID, Digest: info.Digest,
	}
	folder := filling.Folder(m)
	err = folder.Create(s.filePath(info.Name), func(path string) error { return createOverlay(path, m.Size) })
	if errors.Is(err, lazydisk.ErrCannotLink) {
		return "", fmt.Errorf("%w: %w", ErrCannotBeLazy, err)
	}
	if err != nil {
		return "", err
	}
	saveIndex(folder.Index(), index)
	if err := lazydisk.Write(f, m); err != nil {
		folder.Remove()
		return "", err
	}
	return folder, nil
}

// SweepLazy removes what lazy disks that no longer exist were filled from. The caller must
// hold the VM's lock: a running VM may use the folder of a disk that another file has replaced.
func (s *Store) SweepLazy() error {
	if _, err := os.Lstat(string(s.paths.Filling)); err != nil {
		return nil //nolint:nilerr // there is nothing to remove
	}
	disk, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return err
	}
	disks := []string{disk, s.paths.Undo, diskfile.UndoBeside(disk)}
	undo, _, err := diskfile.UndoDisk(disk, s.paths.Undo)
	if err != nil && !errors.Is(err, ErrNoUndo) {
		return err
	}
	if err == nil {
		disks = append(disks, undo)
	}
	entries, err := os.ReadDir(filepath.Dir(disk))
	if err != nil {
		return err
	}
	for _, e := range entries { // copies of the disk, such as those that the supervisor saves
		if strings.HasPrefix(e.Name(), filepath.Base(disk)+".") {
			disks = append(disks, filepath.Join(filepath.Dir(disk), e.Name()))
		}
	}
	return s.paths.Filling.Sweep(disks...)
}

// A Filler reads the source of a lazy disk, and fills the disk in from it.
type Filler struct {
	*Reader
	disk   string
	marker lazydisk.Marker
}

// OpenFiller opens the source of the lazy disk at path, whose Kind must be lazydisk.Snapshot.
// The error may wrap ErrNewer or lazydisk.ErrDamaged, and if it does, also ErrDamaged. The caller must close the
// Filler.
func OpenFiller(ctx context.Context, disk string, folder lazydisk.Folder, m lazydisk.Marker) (*Filler, error) {
	if err := folder.Check(); err != nil {
		return nil, err
	}
	f, size, err := diskfile.OpenRegular(folder.Source())
	if err != nil {
		return nil, err
	}
	r, err := openLazySource(ctx, f, size, folder, m)
	if err != nil {
		_ = f.Close()
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w: %w", lazydisk.ErrDamaged, err)
		}
		return nil, fmt.Errorf("%s: %w", folder.Source(), err)
	}
	return &Filler{r, disk, m}, nil
}

func openLazySource(ctx context.Context, f *os.File, size int64, folder lazydisk.Folder, m lazydisk.Marker) (*Reader, error) {
	native, err := gzfile.Open(f, size)
	if err != nil {
		return nil, err
	}
	if native.Header.Size != m.Size || native.Header.Digest != m.Digest {
		return nil, fmt.Errorf("%w: it is not the snapshot that the disk was created from", lazydisk.ErrDamaged)
	}
	file := &snapshotFile{f, size, native}
	index := readIndex(folder.Index(), file)
	if index == nil {
		if index, err = native.Scan(ctx, nil, gzfile.Options{}); err != nil {
			return nil, err
		}
		saveIndex(folder.Index(), index)
	}
	disk, err := native.NewDiskReader(index, readerCache)
	if err != nil {
		return nil, err
	}
	return &Reader{disk, file, index}, nil
}

// Marker describes the lazy disk.
func (f *Filler) Marker() lazydisk.Marker { return f.marker }

// DataBytes returns how many bytes of the disk are not known to be zeros.
func (f *Filler) DataBytes() int64 { return f.index.DataBytes() }

// Fill writes the contents of the source to the file of the lazy disk, durably. Chunks that the
// file already has are not written again. The caller must ensure that nothing else writes to the
// file. The disk remains lazy. The error may wrap ErrDamaged, lazydisk.ErrReplaced or a *NoSpace,
// or is the context's or the file's.
func (f *Filler) Fill(ctx context.Context, p Progress) error {
	p = orNoProgress(p)
	present, err := diskfile.OpenLazy(f.disk)
	if err != nil {
		return err
	}
	defer func() { _ = present.Close() }() // read-only
	there, err := gzfile.NewPresentDisk(ctx, present)
	if err != nil {
		return err
	}
	there.InPlace = true
	out, err := lazydisk.Open(f.disk, f.marker)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // synced below
	dir := filepath.Dir(f.disk)
	room, err := newBudget(dir, 0)
	if err != nil {
		return err
	}
	target := &budgetedFile{WriteBehind: diskfile.WriteBehind{File: out, DropCache: true}, budget: room}
	p.Phase(PhaseRestore, f.index.DataBytes())
	// One worker, because the guest needs the processors, too.
	err = f.file.native.Decode(ctx, f.index, target.overwrite, gzfile.Options{Add: p.Add, Workers: 1, Present: there})
	if err == nil {
		err = f.clearZeros(ctx, present, target)
	}
	if err != nil {
		return classifyError(ctx, dir, 0, err)
	}
	p.Phase(PhaseFlush, 0)
	return classifyError(ctx, dir, 0, durable.SyncFile(out))
}

// clearZeros clears what the file has where the source has zeros. After a power cut the file
// may have data that the overlay has lost.
func (f *Filler) clearZeros(ctx context.Context, present *diskfile.Disk, target *budgetedFile) error {
	for at := int64(0); at < f.Size(); {
		start, end, err := f.NextData(at)
		if err != nil {
			return err
		}
		if err := clearRange(ctx, present, target, at, start); err != nil {
			return err
		}
		at = max(end, start)
	}
	return nil
}

func clearRange(ctx context.Context, present *diskfile.Disk, target *budgetedFile, at, limit int64) error {
	for at < limit {
		start, end, err := present.NextData(at)
		if err != nil || start >= limit {
			return err
		}
		n := min(end, limit, start+gzfile.ChunkSize) - start
		if err := errors.Join(ctx.Err(), target.overwrite(start, make([]byte, n))); err != nil {
			return err
		}
		at = start + n
	}
	return nil
}
