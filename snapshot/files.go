package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// folder is the folder of the snapshot files.
type folder struct{ dir string }

// folderContents describes the contents of the folder of snapshots.
type folderContents struct {
	names []string // of snapshots
	notes []string // about files whose names are not valid for snapshots
}

func (d folder) listFiles() (folderContents, error) {
	entries, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return folderContents{}, nil
	}
	if err != nil {
		return folderContents{}, err
	}
	var f folderContents
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), FileSuffix)
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		if err := durable.CheckName(name); err != nil {
			f.notes = append(f.notes, fmt.Sprintf("a file in %s cannot be used: %v; rename it", d.dir, err))
			continue
		}
		f.names = append(f.names, name)
	}
	return f, nil
}

// inspect describes a snapshot by its file alone.
func (d folder) inspect(name string) Info {
	f, i, _ := d.open(name)
	if f == nil {
		i.Frees = diskfile.Reclaimable(d.filePath(name))
		return i
	}
	defer f.Close()
	i.Frees = diskfile.ReclaimableOpen(f.File)
	return i
}

// snapshotFile is an open snapshot file. ours is nil if it is foreign.
type snapshotFile struct {
	*os.File
	size   int64
	native *gzfile.File
}

// openPresent is like getPresent, and also opens the snapshot's file.
func (s *Store) openPresent(ctx context.Context, name string) (*snapshotFile, Info, error) {
	info, err := s.getPresent(ctx, name)
	if err != nil {
		return nil, info, err
	}
	file, _, err := s.open(info.Name)
	return file, info, err
}

// open opens the file of a snapshot and describes it without its row, so that the state of a
// good file is StateImported. If the file cannot be read or is damaged, it returns nil, the
// error, and an Info with whatever is known.
func (d folder) open(name string) (*snapshotFile, Info, error) {
	i := Info{Name: name, State: StateImported, Data: -1}
	f, size, err := diskfile.OpenRegular(d.filePath(name))
	if errors.Is(err, diskfile.ErrNotRegular) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		i.State, i.Problem = StateDamaged, err
		return nil, i, err
	}
	i.FileSize = size
	if st, err := f.Stat(); err == nil {
		i.Created = st.ModTime().UTC()
	}
	native, err := d.openHeader(name, f, size)
	if errors.Is(err, gzfile.ErrForeign) {
		i.Foreign = true
		err = gzfile.CheckForeign(f, size)
	}
	if err != nil {
		f.Close()
		i.State, i.Problem = StateDamaged, err
		if errors.Is(err, ErrNewer) {
			i.State = StateNewer
		}
		return nil, i, fmt.Errorf("%s: %w", d.filePath(name), err)
	}
	if native != nil {
		i = infoFromHeader(native.Header, name)
		i.State = StateImported
	}
	return &snapshotFile{f, size, native}, i, nil
}
