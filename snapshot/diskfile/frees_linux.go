package diskfile

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Used returns how many bytes of its file system a file takes up.
func Used(st os.FileInfo) int64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Blocks * 512
	}
	return st.Size()
}

// Renamed returns when a file last changed its name, owner or content.
func Renamed(st os.FileInfo) time.Time {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return time.Unix(sys.Ctim.Unix())
	}
	return st.ModTime()
}

// Frees returns how many bytes removing a file would free: its blocks without
// those that the file system says it shares with other files, and nothing if it
// has another name.
func Frees(path string) int64 {
	f, _, err := OpenRegular(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	return FreesOf(f)
}

// FreesOf is Frees of a file that is open.
func FreesOf(f *os.File) int64 {
	st, err := f.Stat()
	if err != nil {
		return 0
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Nlink > 1 {
		return 0
	}
	return max(0, Used(st)-shared(f))
}

// The kernel's struct fiemap and its extents (linux/fiemap.h).
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

// fiemaps are for use again: a list asks for each of many files.
var fiemaps = sync.Pool{New: func() any { return new(fiemap) }}

const (
	fiemapIoctl  = 0xc020660b
	extentLast   = 0x1
	extentShared = 0x2000
	// maxBatches keeps a file of countless extents from holding up a list.
	maxBatches = 1024
)

// shared returns how many bytes of a file are shared with others, as far as its
// file system tells.
func shared(f *os.File) int64 {
	var sum int64
	m := fiemaps.Get().(*fiemap)
	defer fiemaps.Put(m)
	m.start = 0
	for range maxBatches {
		m.length, m.count, m.mapped = ^uint64(0)-m.start, fiemapBatch, 0
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), fiemapIoctl, uintptr(unsafe.Pointer(m))) //nolint:gosec // what ioctl takes
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
