package diskfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Share makes n bytes of dst at offset off share the blocks of n bytes of src at offset
// from. All three numbers must be multiples of BlockSize. The file system must be able to
// share blocks (btrfs, XFS); otherwise the error wraps errors.ErrUnsupported, and dst is
// unchanged. Share never copies.
func Share(dst *os.File, off int64, src *os.File, from, n int64) error {
	err := unix.IoctlFileCloneRange(int(dst.Fd()), &unix.FileCloneRange{
		Src_fd: int64(src.Fd()), Src_offset: uint64(from), Src_length: uint64(n), Dest_offset: uint64(off),
	})
	for _, cannot := range []error{unix.EOPNOTSUPP, unix.ENOTTY, unix.ENOSYS, unix.EINVAL, unix.EXDEV, unix.EPERM, unix.ETXTBSY} {
		if errors.Is(err, cannot) {
			return fmt.Errorf("%w: sharing blocks: %w", errors.ErrUnsupported, err)
		}
	}
	if err != nil {
		return fmt.Errorf("sharing blocks with %s: %w", src.Name(), err)
	}
	return nil
}
