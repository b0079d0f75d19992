package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// startWriteback asks the system to start writing a part of a file to the disk. It
// guarantees nothing, and leaves errors to the fsync that must follow.
func startWriteback(f *os.File, from, to int64) {
	_ = withFD(f, func(fd int) error {
		return unix.SyncFileRange(fd, from, to-from, unix.SYNC_FILE_RANGE_WRITE)
	})
}

// dropCache waits until a part of a file is written, and drops it from the page cache,
// except pages that are dirty again. Its error must be handled: the kernel reports each
// failed write once, so the fsync does not report it again.
func dropCache(f *os.File, from, to int64) error {
	if from == to {
		return nil // a length of 0 would mean the rest of the file
	}
	return withFD(f, func(fd int) error {
		err := unix.SyncFileRange(fd, from, to-from, unix.SYNC_FILE_RANGE_WAIT_BEFORE)
		if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ESPIPE) {
			return nil // not supported by the file system
		}
		if err == nil {
			_ = unix.Fadvise(fd, from, to-from, unix.FADV_DONTNEED)
		}
		return os.NewSyscallError("sync_file_range", err)
	})
}

func withFD(f *os.File, use func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var used error
	err = raw.Control(func(fd uintptr) { used = use(int(fd)) })
	return errors.Join(err, used)
}
