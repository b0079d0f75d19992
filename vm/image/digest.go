package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// chunkSize is the size in bytes of the chunks of a digest.
const chunkSize = 1 << 20

// Digest returns a digest of a disk's size and contents, as 64 hexadecimal digits. It does
// not depend on holes: it is the SHA-256 of a text with the size, and the offset and SHA-256
// of each chunk that is not all zeros. Chunks are read in parallel.
func Digest(ctx context.Context, disk *os.File, p Progress) (string, error) {
	st, err := disk.Stat()
	if err != nil {
		return "", err
	}
	chunks, err := chunksWithData(disk, st.Size())
	if err != nil {
		return "", err
	}
	p.Phase(PhaseCheck, int64(len(chunks))*chunkSize)
	whole := sha256.New()
	fmt.Fprintln(whole, st.Size())
	workers := runtime.GOMAXPROCS(0)
	for some := range slices.Chunk(chunks, 16*workers) {
		sums := make([]string, len(some))
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(workers)
		for i, at := range some {
			group.Go(func() (err error) {
				defer p.Add(chunkSize)
				sums[i], err = chunkSum(disk, at)
				return errors.Join(err, ctx.Err())
			})
		}
		if err := group.Wait(); err != nil {
			return "", err
		}
		for i, sum := range sums {
			if sum != "" {
				fmt.Fprintln(whole, some[i], sum)
			}
		}
	}
	return hex.EncodeToString(whole.Sum(nil)), nil
}

// chunksWithData returns the offsets of the chunks that are not entirely in holes.
func chunksWithData(disk *os.File, size int64) (at []int64, err error) {
	for off := int64(0); off < size; {
		start, end, err := nextData(disk, off, size)
		if err != nil {
			return nil, err
		}
		for off = start - start%chunkSize; off < end; off += chunkSize {
			at = append(at, off)
		}
		off = max(off, end)
	}
	return at, nil
}

var chunkBuffers = sync.Pool{New: func() any { return new([chunkSize]byte) }}

var zeroChunk [chunkSize]byte

// chunkSum returns the SHA-256 of a chunk, or "" if it is all zeros.
func chunkSum(disk *os.File, at int64) (string, error) {
	buf := chunkBuffers.Get().(*[chunkSize]byte)
	defer chunkBuffers.Put(buf)
	n, err := disk.ReadAt(buf[:], at)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if bytes.Equal(buf[:n], zeroChunk[:n]) {
		return "", nil
	}
	sum := sha256.Sum256(buf[:n])
	return hex.EncodeToString(sum[:]), nil
}
