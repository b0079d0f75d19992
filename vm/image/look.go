package image

import (
	"context"
	"errors"
	"io"
	"os"
)

// Info is what a file's header tells of it.
type Info struct {
	Packing Packing
	Format  Format
	// DiskSize is the disk's size in bytes, or -1: of a packed file it is known
	// only once it is unpacked.
	DiskSize int64
}

// Look tells what an open file is. It reads little of it, and its offset does not
// matter. The errors wrap ErrNotImage or ErrDamaged, or are those of reading.
func Look(f *os.File) (Info, error) {
	stat, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	if !stat.Mode().IsRegular() {
		return Info{}, notImage("it is no file")
	}
	head, err := readHead(io.NewSectionReader(f, 0, stat.Size()))
	if err != nil {
		return Info{}, err
	}
	info := Info{DiskSize: -1}
	if packing, found := find(packings, head); found {
		info.Packing = Packing(packing)
		r, err := unpacker(f, info.Packing, silent{})
		if err != nil {
			return Info{}, err
		}
		defer func() { _ = r.Close() }() // it was only read
		if head, err = readHead(r); err != nil {
			return Info{}, err
		}
		info.Format, err = formatOf(head)
		return info, err
	}
	if info.Format, err = formatOf(head); err != nil {
		return Info{}, err
	}
	if info.Format == QCOW2 {
		info.DiskSize, err = checkQCOW2(f, stat.Size())
		return info, err
	}
	info.DiskSize = stat.Size()
	return info, checkRaw(f, stat.Size())
}

// CheckPacked finds out whether an open file that is packed is whole, which only all of
// it tells. One that is not packed is not read.
func CheckPacked(ctx context.Context, f *os.File, p Progress) error {
	info, err := Look(f)
	if err != nil || info.Packing == Plain {
		return err
	}
	r, err := unpack(f, info, Options{Progress: p})
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	for {
		_, err := io.CopyN(io.Discard, r, roomEvery)
		switch {
		case errors.Is(err, ErrDamaged): // whatever the cause
			return err
		case errors.Is(err, io.EOF):
			return nil
		case err != nil || ctx.Err() != nil:
			return errors.Join(err, ctx.Err())
		}
	}
}

// checkRaw looks at what the head of a raw disk does not tell.
func checkRaw(r io.ReaderAt, size int64) error {
	if size%sector != 0 {
		return notImage("%d bytes are not whole sectors of a disk: it may be cut off", size)
	}
	foot := make([]byte, sector)
	if _, err := r.ReadAt(foot, size-sector); err != nil {
		return err
	}
	if string(foot[:8]) == "conectix" {
		return notImage("it is a Virtual PC disk (VHD)")
	}
	return nil
}

type silent struct{}

func (silent) Phase(string, int64) {}
func (silent) Add(int64)           {}
