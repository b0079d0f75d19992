package usecase

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// block is the unit in which zeros are detected.
const block = 4096

// A digest is a fast, non-cryptographic hash. Blocks of zeros count as holes.
type digest struct {
	size    int64
	sums    [2]uint32
	partial []byte // an incomplete block
}

var tables = [2]*crc32.Table{crc32.IEEETable, crc32.MakeTable(crc32.Castagnoli)}

// Write hashes whole blocks from p, without copying them if possible.
func (d *digest) Write(p []byte) (int, error) {
	all := len(p)
	for len(p) > 0 {
		if len(d.partial) == 0 && len(p) >= block {
			d.addBlock(p[:block])
			p = p[block:]
			continue
		}
		n := min(block-len(d.partial), len(p))
		d.partial, p = append(d.partial, p[:n]...), p[n:]
		if len(d.partial) == block {
			d.addBlock(d.partial)
			d.partial = d.partial[:0]
		}
	}
	return all, nil
}

var zeros [block]byte

// addBlock hashes the next block; the last one may be short.
func (d *digest) addBlock(b []byte) {
	if string(b) != string(zeros[:len(b)]) {
		var at [8]byte
		binary.LittleEndian.PutUint64(at[:], uint64(d.size))
		for i, table := range tables {
			d.sums[i] = crc32.Update(crc32.Update(d.sums[i], table, at[:]), table, b)
		}
	}
	d.size += int64(len(b))
}

func (d *digest) String() string {
	d.addBlock(d.partial)
	d.partial = nil
	return fmt.Sprintf("%d bytes, %08x%08x", d.size, d.sums[0], d.sums[1])
}

// fileDigest returns a file's digest, or its read error, or "" if it does not exist.
func fileDigest(path string) string {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	d, buf := &digest{}, make([]byte, 64<<10)
	for d.size < st.Size() {
		data, err := unix.Seek(int(f.Fd()), d.size, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			d.size = st.Size()
			break
		}
		if err != nil {
			return err.Error()
		}
		hole, err := unix.Seek(int(f.Fd()), data, unix.SEEK_HOLE)
		if err != nil {
			return err.Error()
		}
		d.size = data / block * block
		end := min(st.Size(), (hole+block-1)/block*block)
		data = d.size
		for data < end && err == nil {
			var n int
			n, err = f.ReadAt(buf[:min(int64(len(buf)), end-data)], data)
			_, _ = d.Write(buf[:n])
			data += int64(n)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err.Error()
		}
	}
	return d.String()
}
