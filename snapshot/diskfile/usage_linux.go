package diskfile

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func changeTime(st *syscall.Stat_t) time.Time { return time.Unix(st.Ctim.Unix()) }

// Reclaimable returns how many bytes removing a file would free: its blocks, without those
// that its file system reports as shared with other files, or 0 if the file has another
// name.
func Reclaimable(path string) int64 {
	f, _, err := OpenRegular(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	return ReclaimableOpen(f)
}

// ReclaimableOpen is like Reclaimable, for an open file.
func ReclaimableOpen(f *os.File) int64 {
	st, err := f.Stat()
	if err != nil {
		return 0
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Nlink > 1 {
		return 0
	}
	return max(0, Allocated(st)-sharedBytes(f))
}

// fiemapExtent and fiemap are the kernel's structs (linux/fiemap.h).
type fiemapExtent struct {
	logical, physical, length uint64
	_                         [2]uint64
	flags                     uint32
	_                         [3]uint32
}

const fiemapBatch = 512

type fiemap struct {
	start, length   uint64
	flags, mapped   uint32
	count, reserved uint32
	extents         [fiemapBatch]fiemapExtent
}

// fiemaps holds reusable buffers, as listing snapshots needs one for each file.
var fiemaps = sync.Pool{New: func() any { return new(fiemap) }}

const (
	fiemapIoctl  = 0xc020660b
	extentLast   = 0x1
	extentShared = 0x2000
	// maxBatches bounds the time for a file with very many extents.
	maxBatches = 1024
)

// sharedBytes returns how many bytes of a file its file system reports as shared with other
// files.
func sharedBytes(f *os.File) int64 {
	var sum int64
	m := fiemaps.Get().(*fiemap)
	defer fiemaps.Put(m)
	m.start = 0
	for range maxBatches {
		m.length, m.count, m.mapped = ^uint64(0)-m.start, fiemapBatch, 0
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), fiemapIoctl, uintptr(unsafe.Pointer(m))) //nolint:gosec // ioctl takes a pointer
		if errno != 0 || m.mapped == 0 {
			return sum
		}
		for _, e := range m.extents[:min(m.mapped, fiemapBatch)] {
			if e.flags&extentShared != 0 {
				sum += int64(e.length)
			}
			if e.flags&extentLast != 0 {
				return sum
			}
			m.start = e.logical + e.length
		}
	}
	return sum
}
