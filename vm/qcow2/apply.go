package qcow2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"vmterminal/snapshot/durable"
)

const (
	blockSize = 4096    // the unit of zeros that ApplyTo looks for in data
	maxZeros  = 1 << 30 // written at once; ApplyTo cannot be interrupted meanwhile
)

var zeroCluster [ClusterSize]byte

// ApplyTo writes everything that the overlay defines into dst, a file of at least Size bytes,
// at the same offsets. It turns zeros into holes where the system supports that. It may be
// interrupted and repeated, and does not sync dst.
//
// progress, if not nil, receives the number of bytes of the disk that are done since its last
// call. Their total is the length of the ranges from Allocated.
func (o *Overlay) ApplyTo(ctx context.Context, dst *os.File, progress func(n int64)) error {
	info, err := dst.Stat()
	if err != nil {
		return err
	}
	if info.Size() < o.size {
		return fmt.Errorf("apply overlay: %s has %d bytes, fewer than the disk's %d", dst.Name(), info.Size(), o.size)
	}
	a := applier{ctx: ctx, dst: dst, progress: progress}
	buf := make([]byte, ClusterSize)
	err = o.walk(func(c cluster) error {
		n := min(ClusterSize, o.size-c.disk)
		if c.zero {
			return a.addZeros(c.disk, c.disk+n)
		}
		if err := o.readCluster(buf, c.at); err != nil {
			return err
		}
		return a.addData(c.disk, buf[:n])
	})
	if err == nil {
		err = a.flush()
	}
	if err != nil {
		return fmt.Errorf("apply overlay: %w", err)
	}
	return nil
}

// applier writes to a disk. It merges adjacent zeros.
type applier struct {
	ctx      context.Context //nolint:containedctx // of one call of ApplyTo
	dst      *os.File
	progress func(n int64)
	zeros    Range // not yet written
}

// addData writes data at offset off, except for its blocks of zeros, which it adds to zeros.
func (a *applier) addData(off int64, data []byte) error {
	for len(data) > 0 {
		n, isZero := blockRun(data)
		end := off + int64(n)
		if isZero {
			if err := a.addZeros(off, end); err != nil {
				return err
			}
		} else {
			if err := a.flush(); err != nil {
				return err
			}
			if _, err := a.dst.WriteAt(data[:n], off); err != nil {
				return err
			}
			a.report(int64(n))
		}
		data, off = data[n:], end
	}
	return nil
}

// blockRun returns how many bytes at the start of data belong to blocks of zeros, or to other
// blocks.
func blockRun(data []byte) (n int, isZero bool) {
	for n < len(data) {
		block := data[n:min(n+blockSize, len(data))]
		if z := bytes.Equal(block, zeroCluster[:len(block)]); n == 0 {
			isZero = z
		} else if z != isZero {
			break
		}
		n += len(block)
	}
	return n, isZero
}

func (a *applier) addZeros(start, end int64) error {
	if start == a.zeros.End && end-a.zeros.Start <= maxZeros {
		a.zeros.End = end
		return nil
	}
	err := a.flush()
	a.zeros = Range{start, end}
	return err
}

// flush writes the zeros.
func (a *applier) flush() error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	n := a.zeros.End - a.zeros.Start
	if n == 0 {
		return nil
	}
	err := durable.PunchHole(a.dst, a.zeros.Start, n)
	if errors.Is(err, errors.ErrUnsupported) {
		err = a.writeZeros()
	}
	if err != nil {
		return err
	}
	a.zeros = Range{}
	a.report(n)
	return nil
}

func (a *applier) writeZeros() error {
	for off := a.zeros.Start; off < a.zeros.End; off += ClusterSize {
		if _, err := a.dst.WriteAt(zeroCluster[:min(ClusterSize, a.zeros.End-off)], off); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) report(n int64) {
	if a.progress != nil {
		a.progress(n)
	}
}
