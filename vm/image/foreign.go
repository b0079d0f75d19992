package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"vmterminal/snapshot/durable/diskformat"
	"vmterminal/snapshot/durable/guard"
)

// checkForeignFormat rejects VMDK, VDI and VHD files that need other files, or that are cut off in
// a way that QEMU does not detect. Call it before a QEMU tool opens the file.
func checkForeignFormat(r io.ReaderAt, size int64, format Format, head []byte) error {
	switch format {
	case VMDK:
		return checkVMDK(r, head)
	case VDI:
		const kindAt, largest = 76, 2 // 1 is dynamic, 2 is fixed
		if len(head) < kindAt+4 || binary.LittleEndian.Uint32(head[kindAt:]) > largest {
			return notImageError("this VirtualBox disk only has the differences from another file: clone it in VirtualBox first")
		}
	case VHD:
		return checkVHD(r, size, head)
	case Raw, QCOW2: // checked elsewhere
	case VHDX: // QEMU rejects files that have a parent or are cut off
	}
	return nil
}

// checkVHD checks a dynamic VHD, which has its footer at both ends.
func checkVHD(r io.ReaderAt, size int64, head []byte) error {
	const typeAt, dynamic = 60, 3
	last := make([]byte, sector)
	if _, err := r.ReadAt(last, max(0, size-sector)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case diskformat.Recognize(last) != diskformat.VHD:
		return damagedError("this Virtual PC disk (VHD) is cut off: it does not end with its footer")
	case binary.BigEndian.Uint32(head[typeAt:]) != dynamic:
		return notImageError("this Virtual PC disk (VHD) only has the differences from another file: merge it first")
	}
	return nil
}

// maxDescriptor is the maximum size of a VMDK's descriptor in bytes.
const maxDescriptor = 1 << 20

// checkVMDK uses the descriptor of a VMDK to check that it is a complete disk in one file.
func checkVMDK(r io.ReaderAt, head []byte) error {
	const capacityAt, descriptorAt, descriptorLenAt = 12, 28, 36
	if len(head) < sector {
		return damagedError("its header is cut off")
	}
	number := func(at int) uint64 { return binary.LittleEndian.Uint64(head[at:]) }
	at, length := number(descriptorAt), number(descriptorLenAt)
	switch {
	case number(capacityAt) == 0:
		return notImageError("it is %s: export the disk as one file, or as OVA", diskformat.VMDKText)
	case at == 0 || length == 0:
		return notImageError("it is one of several files of a VMware disk: export the disk as one file, or as OVA")
	case at > maxDescriptor || length > maxDescriptor/sector:
		return damagedError("its descriptor of %d sectors at sector %d", length, at)
	}
	text := make([]byte, length*sector)
	if n, err := r.ReadAt(text, int64(at)*sector); n < len(text) {
		return damagedError("its descriptor: %w", err)
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.EqualFold(strings.TrimSpace(key), "parentCID") && !strings.EqualFold(strings.TrimSpace(value), "ffffffff") {
			return notImageError("this VMware disk only has the differences from another file, such as a snapshot: export the disk as OVA")
		}
	}
	return nil
}

// checkForeignData makes qemu-img list where the data of a disk is, and returns the disk's size.
// It returns ErrDamaged for data beyond the file's end, which QEMU would read as zeros.
func checkForeignData(ctx context.Context, from *os.File, info Info) (size int64, err error) {
	stat, err := from.Stat()
	if err != nil {
		return 0, err
	}
	end := stat.Size()
	if info.member.size > 0 {
		end = info.member.size
	}
	args := []string{"map", "--output=json", imageNode(info)}
	err = runQEMUImg(ctx, args, from, nil, func(out io.Reader) error {
		size, err = readExtents(out, end)
		_, _ = io.Copy(io.Discard, out) // so that qemu-img can exit
		return err
	})
	if err == nil && (size <= 0 || size%sector != 0) {
		err = damagedError("a disk of %d bytes", size)
	}
	return size, err
}

// extent is an entry in the output of qemu-img map.
type extent struct {
	Start  int64  `json:"start"`
	Length int64  `json:"length"`
	Data   bool   `json:"data"`
	Offset *int64 `json:"offset"`
}

// readExtents reads a list of extents and returns the end of the last one.
func readExtents(out io.Reader, fileSize int64) (size int64, err error) {
	list := json.NewDecoder(out)
	if _, err := list.Token(); err != nil { // no output, because qemu-img failed
		return 0, nil //nolint:nilerr // its error is reported
	}
	for list.More() {
		var e extent
		if err := list.Decode(&e); err != nil {
			return 0, fmt.Errorf("qemu-img map: %w", err)
		}
		size = e.Start + e.Length
		if e.Data && e.Offset != nil && *e.Offset+e.Length > fileSize && guard.On(guard.ImageEnd) {
			return 0, damagedError("it is cut off: its data ends at byte %d, but the file has %d bytes", *e.Offset+e.Length, fileSize)
		}
	}
	return size, nil
}
