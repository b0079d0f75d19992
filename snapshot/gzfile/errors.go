package gzfile

import (
	"errors"
	"fmt"
)

var (
	// ErrDamaged is what every *Damage wraps.
	ErrDamaged = errors.New("damaged")
	// ErrForeign says that a file has no VT header: perhaps a gzip of another tool.
	ErrForeign = errors.New("not written by VMTerminal")
	// ErrTooLarge says that a disk, or what a foreign file unpacks to, is larger
	// than MaxDisk.
	ErrTooLarge = fmt.Errorf("a disk of more than %d TiB, the largest there may be", int64(MaxDisk)>>40)
	// ErrNewer says that a header or index is of a format this program does not know.
	ErrNewer = errors.New("written by a newer version")
)

// Damage tells what does not hold in a snapshot file. Chunk is the first bad
// chunk, or -1 when the damage is not a chunk's.
type Damage struct {
	Chunk  int64
	Reason string
}

func (d *Damage) Error() string {
	if d.Chunk < 0 {
		return fmt.Sprintf("%v: %s", ErrDamaged, d.Reason)
	}
	return fmt.Sprintf("%v: chunk %d (at %d MiB): %s", ErrDamaged, d.Chunk, d.Chunk*ChunkSize>>20, d.Reason)
}

func (d *Damage) Unwrap() error { return ErrDamaged }

func damaged(chunk int64, format string, args ...any) error {
	return &Damage{Chunk: chunk, Reason: fmt.Sprintf(format, args...)}
}
