package blocklog

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Copy copies an image to a new file. Zeros become holes, so that copies of the copy are
// cheap.
func Copy(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(copySparse(dst, src, writeNoZeros), dst.Close())
}

// copySparse writes the data of src to the empty file dst and preserves holes.
func copySparse(dst, src *os.File, write func(*os.File, []byte, int64) error) error {
	st, err := src.Stat()
	if err != nil {
		return err
	}
	if err := dst.Truncate(st.Size()); err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	for at := int64(0); ; {
		start, err := unix.Seek(int(src.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil // only a hole remains
		}
		if err != nil {
			return err
		}
		end, err := unix.Seek(int(src.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		if err := copyData(dst, src, start, end, buf, write); err != nil {
			return err
		}
		at = end
	}
}

func copyData(dst, src *os.File, start, end int64, buf []byte, write func(*os.File, []byte, int64) error) error {
	for at := start; at < end; {
		n, err := src.ReadAt(buf[:min(int64(len(buf)), end-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := write(dst, buf[:n], at); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

func writeAll(f *os.File, b []byte, off int64) error {
	_, err := f.WriteAt(b, off)
	return err
}

// writeNoZeros writes b and leaves a hole for each page of zeros.
func writeNoZeros(f *os.File, b []byte, off int64) error {
	var zero [page]byte
	for at := 0; at < len(b); at += page {
		part := b[at:min(at+page, len(b))]
		if string(part) == string(zero[:len(part)]) {
			continue
		}
		if err := writeAll(f, part, off+int64(at)); err != nil {
			return err
		}
	}
	return nil
}
