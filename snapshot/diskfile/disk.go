package diskfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Disk is a stopped VM's disk, open for reading. The caller sees to it that
// nothing writes to the file meanwhile.
type Disk struct {
	f    *os.File
	size int64
}

// Open opens the disk at path, which must be a regular file or a symbolic link
// to one.
func Open(path string) (*Disk, error) {
	f, size, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	return &Disk{f, size}, nil
}

// ErrNotRegular says that a folder, a device or the like lies where a file should.
var ErrNotRegular = errors.New("not a regular file")

// OpenRegular opens a regular file for reading and returns its size. It never
// waits, whatever lies at path. The error may wrap ErrNotRegular.
func OpenRegular(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		// Sockets, and devices that are not there, cannot even be opened.
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

// Size is the disk's size in bytes when it was opened.
func (d *Disk) Size() int64 { return d.size }

// ReadAt is io.ReaderAt's.
func (d *Disk) ReadAt(p []byte, off int64) (int, error) { return d.f.ReadAt(p, off) }

// NextData returns the first range at or after off that is not a hole;
// start == Size() when there is none. Not for use by several goroutines.
func (d *Disk) NextData(off int64) (start, end int64, err error) {
	return nextData(d.f, off, d.size)
}

// Share makes n bytes of dst at off the same blocks as this disk's there; see
// the function of the same name.
func (d *Disk) Share(dst *os.File, off, n int64) error { return Share(dst, off, d.f, off, n) }

// CanShare tells whether an empty file could share a disk's blocks, by trying.
// The file is empty again after it.
func CanShare(empty *os.File, d *Disk) bool {
	return d.size >= BlockSize && d.Share(empty, 0, BlockSize) == nil && empty.Truncate(0) == nil
}

// Close closes the file.
func (d *Disk) Close() error { return d.f.Close() }
