package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"vmterminal/snapshot/durable/guard"
	"vmterminal/snapshot/durable/lazydisk"
)

// A Disk is a stopped VM's disk, open for reading. The caller must ensure that nothing
// writes to it.
type Disk struct {
	f      *os.File
	opened os.FileInfo
	size   int64
}

// Open opens the disk at path, which must be a regular file or a symbolic link
// to one. The error wraps lazydisk.ErrLazy if the file does not have all contents of the disk.
func Open(path string) (*Disk, error) {
	d, m, err := open(path)
	if err == nil && m != nil && guard.On(guard.LazyDisk) {
		_ = d.Close()
		return nil, fmt.Errorf("%s: %w", path, lazydisk.ErrLazy)
	}
	return d, err
}

// OpenLazy opens the file of a lazy disk, which may lack contents, without its trailer. The
// error wraps ErrChanged if the disk is not lazy.
func OpenLazy(path string) (*Disk, error) {
	d, m, err := open(path)
	if err != nil {
		return nil, err
	}
	if m == nil {
		_ = d.Close()
		return nil, ErrChanged
	}
	d.size = m.Size
	return d, nil
}

func open(path string) (*Disk, *lazydisk.Marker, error) {
	f, _, err := OpenRegular(path)
	if err != nil {
		return nil, nil, err
	}
	st, err := f.Stat()
	var m *lazydisk.Marker
	if err == nil {
		m, err = lazydisk.ReadFile(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return &Disk{f, st, st.Size()}, m, nil
}

// ErrChanged means that a disk was changed while it was read, so that the data read may
// not be the disk's contents at any point in time.
var ErrChanged = errors.New("another program wrote to the disk while it was read")

// CheckUnchanged returns ErrChanged if the size, modification time or change time of the
// file is not the same as at Open.
func (d *Disk) CheckUnchanged() error {
	now, err := d.f.Stat()
	if err != nil || !guard.On(guard.DiskTimes) {
		return err
	}
	same := now.Size() == d.opened.Size() && now.ModTime().Equal(d.opened.ModTime()) && ChangeTime(now).Equal(ChangeTime(d.opened))
	if !same {
		return ErrChanged
	}
	return nil
}

// IsFile reports whether the disk, as it was at Open, is a file with that inode number and
// modification time.
func (d *Disk) IsFile(inode uint64, modified time.Time) bool {
	return Inode(d.opened) == inode && d.opened.ModTime().Equal(modified)
}

// ErrNotRegular means that a path names a folder, a device or the like.
var ErrNotRegular = errors.New("not a regular file")

// OpenRegular opens a regular file for reading and returns its size. It never blocks, even
// if path names a pipe. The error may wrap ErrNotRegular.
func OpenRegular(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		// Sockets, and devices without a driver, cannot even be opened.
		if st, statErr := os.Stat(path); statErr == nil && !st.Mode().IsRegular() && !errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%s is %w", path, ErrNotRegular)
		}
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s is %w", path, ErrNotRegular)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

// Size returns the disk's size in bytes when it was opened.
func (d *Disk) Size() int64 { return d.size }

// ReadAt implements io.ReaderAt.
func (d *Disk) ReadAt(p []byte, off int64) (int, error) { return d.f.ReadAt(p, off) }

// NextData returns the first range at or after off that is not a hole. If only a hole
// remains, start is Size(). NextData is not safe for concurrent use.
func (d *Disk) NextData(off int64) (start, end int64, err error) {
	return nextData(d.f, off, d.Size())
}

// Share makes n bytes of dst at offset off share the blocks of the same range of this disk;
// see the function Share.
func (d *Disk) Share(dst *os.File, off, n int64) error { return Share(dst, off, d.f, off, n) }

// A Sharer is a disk whose blocks files can share; *Disk implements it.
type Sharer interface {
	Size() int64
	Share(dst *os.File, off, n int64) error
}

// CanShare reports whether a file can share a disk's blocks. It tries this with the file,
// which must be empty, and empties it again.
func CanShare(empty *os.File, d Sharer) bool {
	return d.Size() >= BlockSize && d.Share(empty, 0, BlockSize) == nil && empty.Truncate(0) == nil
}

// Close closes the file.
func (d *Disk) Close() error { return d.f.Close() }
