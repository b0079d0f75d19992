package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"vmterminal/snapshot/durable/diskformat"
)

// member is the location of a disk image within a file: a member of an OVA, which is a tar
// archive. The zero value means the whole file.
type member struct{ offset, size int64 }

// inspectOVA inspects a tar archive, which must contain one disk and its description.
func inspectOVA(f *os.File, size int64) (Info, error) {
	whole := io.NewSectionReader(f, 0, size)
	archive := tar.NewReader(whole)
	described := false
	var in member
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Info{}, damagedError("the OVA archive: %w", err)
		}
		at, err := whole.Seek(0, io.SeekCurrent)
		if err != nil {
			return Info{}, err
		}
		switch name := strings.ToLower(path.Ext(h.Name)); {
		case h.Typeflag != tar.TypeReg:
		case name == ".ovf":
			described = true
		case name == ".mf" || name == ".cert" || name == ".xml" || name == ".txt" || name == ".nvram" || name == ".iso":
		case in != member{}:
			return Info{}, notImageError("it is an OVA with several disks: extract one with tar and use that")
		default:
			if at+h.Size > size {
				return Info{}, damagedError("the OVA archive is cut off within %q", h.Name)
			}
			in = member{at, h.Size}
		}
	}
	if !described {
		return Info{}, notImageError("it is %s and not an OVA: extract it first", diskformat.Tar)
	}
	if (in == member{}) {
		return Info{}, notImageError("it is an OVA without a disk")
	}
	return inspectMember(f, in)
}

// inspectMember inspects the disk in an OVA.
func inspectMember(f *os.File, in member) (Info, error) {
	disk := io.NewSectionReader(f, in.offset, in.size)
	head, err := readHead(disk)
	if err != nil {
		return Info{}, err
	}
	info := Info{DiskSize: -1, member: in}
	if info.Format, err = formatOf(head); err != nil {
		return Info{}, err
	}
	switch info.Format {
	case Raw:
		return Info{}, notImageError("it is an OVA with a raw disk: extract the disk with tar and use that")
	case QCOW2:
		info.DiskSize, err = checkQCOW2(disk, in.size)
	default:
		err = checkForeignFormat(disk, in.size, info.Format, head)
	}
	return info, err
}
