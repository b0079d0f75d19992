package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// beginWriteback asks the system to begin writing a part of a file onto the disk.
// It promises nothing, and takes no error away from the fsync that must follow.
func beginWriteback(f *os.File, from, to int64) {
	_ = withFD(f, func(fd int) error {
		return unix.SyncFileRange(fd, from, to-from, unix.SYNC_FILE_RANGE_WRITE)
	})
}

// forget waits until a part of a file is written, and frees the memory that holds
// it; what is still dirty stays. Its error must not be passed over: the kernel
// tells each failed write once, and the fsync will not hear of it again.
func forget(f *os.File, from, to int64) error {
	if from == to {
		return nil // 0 bytes mean up to the file's end
	}
	return withFD(f, func(fd int) error {
		err := unix.SyncFileRange(fd, from, to-from, unix.SYNC_FILE_RANGE_WAIT_BEFORE)
		if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ESPIPE) {
			return nil // not on this file system
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
