package guestfiles

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot/diskfile"
)

// packer writes local files to a tar archive in GNU format, because BusyBox ignores PAX headers
// and the long names in them.
type packer struct {
	ctx       context.Context
	tar       *tar.Writer
	meter     job.Meter
	keepSetID bool
	copied    Copied
	// sparse lists files with long holes; the archive contains them as empty files.
	sparse []sparseFile
	dirs   []*tar.Header
}

func (p *packer) addAll(from, names []string) error {
	for i, f := range from {
		if err := p.addTree(f, names[i]); err != nil {
			return err
		}
	}
	// BusyBox sets a folder's time before filling it; repeated headers set it again.
	for _, head := range slices.Backward(p.dirs) {
		if err := p.tar.WriteHeader(head); err != nil {
			return err
		}
	}
	return p.tar.Close()
}

func (p *packer) addTree(from, name string) error {
	return filepath.WalkDir(from, func(source string, _ fs.DirEntry, err error) error {
		if err = errors.Join(err, p.ctx.Err()); err != nil {
			return err
		}
		rel, err := filepath.Rel(from, source)
		if err != nil {
			return err
		}
		if source == from { // follow links only for the arguments
			return p.addEntry(source, name, os.Stat)
		}
		return p.addEntry(source, path.Join(name, filepath.ToSlash(rel)), os.Lstat)
	})
}

func (p *packer) addEntry(source, name string, stat func(string) (fs.FileInfo, error)) error {
	info, err := stat(source)
	if err != nil {
		return err
	}
	switch {
	case info.Mode().IsRegular():
		return p.addFile(source, name)
	case info.IsDir():
		return p.writeHeader(info, name, "")
	case info.Mode().Type() == fs.ModeSymlink:
		link, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return p.writeHeader(info, name, link)
	default:
		p.copied.addSkipped(source)
		return nil
	}
}

func (p *packer) writeHeader(info fs.FileInfo, name, link string) error {
	head, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	head.Name, head.Format = name, tar.FormatGNU
	head.ModTime = head.ModTime.Truncate(time.Second) // the precision of the format
	head.AccessTime, head.ChangeTime = time.Time{}, time.Time{}
	head.Uid, head.Gid, head.Uname, head.Gname = 0, 0, "", "" // root
	if !p.keepSetID {
		head.Mode &^= 0o6000
	}
	if info.IsDir() {
		p.dirs = append(p.dirs, head)
	}
	return p.tar.WriteHeader(head)
}

// addFile adds a file with the size that it has when it is opened.
func (p *packer) addFile(source, name string) error {
	f, size, err := diskfile.OpenRegular(source)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p.copied.Files++
	p.copied.Bytes += size
	if size-diskfile.Allocated(info) >= minHole {
		p.sparse = append(p.sparse, sparseFile{source, name, size, info.ModTime()})
		return p.writeHeader(resizedInfo{info, 0}, name, "")
	}
	if err := p.writeHeader(resizedInfo{info, size}, name, ""); err != nil {
		return err
	}
	_, err = io.CopyN(p.tar, meteredReader{f, p.meter}, size)
	if errors.Is(err, io.EOF) {
		return sparseFile{source: source}.shrankError()
	}
	if size > 0 || err != nil {
		return err
	}
	return checkEmpty(f)
}

// checkEmpty returns an error if a file of size 0 cannot be read, or has contents, as a file
// does whose contents the kernel generates.
func checkEmpty(f *os.File) error {
	n, err := f.Read(make([]byte, 1))
	switch {
	case n > 0:
		return fmt.Errorf("%w: %s has no size; its contents are generated when it is read", ErrCopy, f.Name())
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

// resizedInfo is a FileInfo with another size.
type resizedInfo struct {
	fs.FileInfo
	size int64
}

func (s resizedInfo) Size() int64 { return s.size }

// meteredReader reports the bytes read to a Meter.
type meteredReader struct {
	io.Reader
	m job.Meter
}

func (r meteredReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.m.Add(int64(n))
	return n, err
}
