package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// found is what lies in the folder of snapshots.
type found struct {
	names []string // of snapshots
	notes []string // about files whose names cannot be a snapshot's
}

func (s *Store) files() (found, error) {
	entries, err := os.ReadDir(s.dir.Snapshots())
	if errors.Is(err, fs.ErrNotExist) {
		return found{}, nil
	}
	if err != nil {
		return found{}, err
	}
	var f found
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ondisk.SnapshotSuffix)
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		if err := ondisk.CheckName(name); err != nil {
			f.notes = append(f.notes, fmt.Sprintf("a file in %s cannot be used: %v; rename it", s.dir.Snapshots(), err))
			continue
		}
		f.names = append(f.names, name)
	}
	return f, nil
}

// inspect tells what the file of that name says of itself.
func (s *Store) inspect(name string) Info {
	f, i, _ := s.open(name)
	if f == nil {
		i.Frees = diskfile.Frees(s.file(name))
		return i
	}
	defer f.Close()
	i.Frees = diskfile.FreesOf(f.File)
	return i
}

// opened is a snapshot file. ours is nil if it is foreign.
type opened struct {
	*os.File
	size int64
	ours *gzfile.File
}

// openPresent is present, with the snapshot's file open.
func (s *Store) openPresent(ctx context.Context, name string) (*opened, Info, error) {
	info, err := s.present(ctx, name)
	if err != nil {
		return nil, info, err
	}
	file, _, err := s.open(info.Name)
	return file, info, err
}

// open opens the file of that name. It returns nil and the error if the file
// cannot be read or does not hold; Info has what is known all the same. The
// state of what holds is StateImported: rows are not looked at.
func (s *Store) open(name string) (*opened, Info, error) {
	i := Info{Name: name, State: StateImported, Data: -1}
	f, size, err := diskfile.OpenRegular(s.file(name))
	if errors.Is(err, diskfile.ErrNotRegular) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		i.State, i.Problem = StateDamaged, plain(err.Error())
		return nil, i, err
	}
	i.FileSize = size
	if st, err := f.Stat(); err == nil {
		i.Created = st.ModTime().UTC()
	}
	ours, err := s.openHeader(name, f, size)
	if errors.Is(err, gzfile.ErrForeign) {
		i.Foreign = true
		err = gzfile.CheckForeign(f, size)
	}
	if err != nil {
		f.Close()
		i.State, i.Problem = StateDamaged, plain(err.Error())
		if errors.Is(err, ErrNewer) {
			i.State = StateNewer
		}
		return nil, i, fmt.Errorf("%s: %w", s.file(name), err)
	}
	if ours != nil {
		i = fromHeader(ours.Header, name)
		i.State = StateImported
	}
	return &opened{f, size, ours}, i, nil
}
