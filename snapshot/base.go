package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// base is the snapshot whose chunks a new snapshot reuses.
type base struct {
	*gzfile.Base
	name       string // or the path of Request.Base
	file       *snapshotFile
	mustDiffer bool // a new snapshot must differ from it
	other      bool // from Request.Base
}

// openBase opens a snapshot whose chunks can be reused: the one to which the changes refer, or
// else the newest. It skips damaged snapshots and returns a note about each. It returns nil
// if no snapshot can be reused; everything is then compressed. The error, if any, is the
// context's.
func (d folder) openBase(ctx context.Context, list []Info, req Request, size int64, p Progress) (b *base, notes []string, err error) {
	if at := slices.IndexFunc(list, req.Changes.isSince); at >= 0 {
		if b, notes, err = d.openReusable(ctx, list[at:at+1], p); b != nil {
			b.SetChanges(size, req.Changes.Ranges)
		}
	}
	if b == nil && err == nil {
		b, notes, err = d.openReusable(ctx, list, p)
	}
	if b != nil {
		b.mustDiffer = req.UnlessSame
	}
	return b, notes, err
}

// openOtherBase opens the snapshot file at path, if that is not "". A missing file is not bad. It
// does not rebuild the index: that takes time, and the file may have nothing in common with the
// disk.
func openOtherBase(path string) (b *base, bad bool) {
	if path == "" {
		return nil, false
	}
	d, name := splitPath(path)
	file, _, err := d.open(name)
	if err != nil {
		return nil, !errors.Is(err, fs.ErrNotExist)
	}
	index := readIndex(d.indexPath(name), file)
	if index == nil {
		file.Close()
		return nil, true
	}
	return &base{Base: &gzfile.Base{File: file.native, Index: index}, name: path, file: file, other: true}, false
}

// isSince reports whether the changes are those since this snapshot.
func (c *Changes) isSince(i Info) bool {
	return c != nil && c.ID != "" && i.ID == c.ID && i.Digest == c.Digest
}

// openReusable opens the first snapshot of the list that can be reused.
func (d folder) openReusable(ctx context.Context, list []Info, p Progress) (b *base, notes []string, err error) {
	for _, i := range list {
		if i.Foreign || i.State != StateOK && i.State != StateImported {
			continue
		}
		file, _, err := d.open(i.Name)
		if err != nil {
			continue
		}
		index, err := d.ensureIndex(ctx, i.Name, file, p)
		if err == nil {
			return &base{Base: &gzfile.Base{File: file.native, Index: index}, name: i.Name, file: file}, notes, nil
		}
		file.Close()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if errors.Is(err, ErrDamaged) {
			notes = append(notes, fmt.Sprintf("snapshot %s was not reused: %v", strconv.Quote(i.Name), err))
		}
	}
	return nil, notes, nil
}

// ensureIndex returns the index of one of our files, and rebuilds it if it is missing or
// unusable. The caller must hold the job lock.
func (d folder) ensureIndex(ctx context.Context, name string, file *snapshotFile, p Progress) (*gzfile.Index, error) {
	if index := readIndex(d.indexPath(name), file); index != nil {
		return index, nil
	}
	p.Phase(PhaseIndex, file.size)
	index, err := file.native.Scan(ctx, nil, gzfile.Options{Add: p.Add})
	if err == nil {
		saveIndex(d.indexPath(name), index)
	}
	return index, err
}

// prepareCloning makes out share blocks with the base if possible, and returns the base for
// gzfile.Options.
func (b *base) prepareCloning(out *budgetedFile) *gzfile.Base {
	if b == nil {
		return nil
	}
	b.Cloner = &gzfile.Cloner{
		Clone:   func(to, from, n int64) error { return diskfile.Share(out.File, to, b.file.File, from, n) },
		NewFile: out.File,
	}
	return b.Base
}

// checkDiffers returns ErrUnchanged if a new snapshot must differ from the base and does
// not, unless the base was found damaged.
func (b *base) checkDiffers(h gzfile.Header) error {
	if b == nil || !b.mustDiffer || len(b.DamagedChunks) > 0 || h.Size != b.file.native.Header.Size || h.Digest != b.file.native.Header.Digest {
		return nil
	}
	return fmt.Errorf("%w %s", ErrUnchanged, strconv.Quote(b.name))
}

// notes describes damage found in the base, and a wrong list of changes.
func (b *base) notes() []string {
	if b == nil {
		return nil
	}
	var notes []string
	if len(b.DamagedChunks) > 0 {
		notes = append(notes, fmt.Sprintf(
			"snapshot %s is damaged (chunk %d is the first of %d): the new snapshot has its own copies of these chunks",
			strconv.Quote(b.name), b.DamagedChunks[0], len(b.DamagedChunks)))
	}
	if b.ChangesWrong {
		notes = append(notes, fmt.Sprintf(
			"the recorded changes since snapshot %s were wrong: the whole disk was read", strconv.Quote(b.name)))
	}
	return notes
}

func (b *base) close() {
	if b != nil {
		b.file.Close()
	}
}
