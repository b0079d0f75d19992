package gzfile

import (
	"errors"
	"fmt"
)

var (
	// ErrDamaged is wrapped by every *Damage.
	ErrDamaged = errors.New("damaged")
	// ErrForeign means that a file has no VT header; it may be another tool's gzip file.
	ErrForeign = errors.New("not written by VMTerminal")
	// ErrTooLarge means that a disk, or the contents of a foreign file, is larger than
	// MaxDisk.
	ErrTooLarge = fmt.Errorf("the disk is larger than the limit of %d TiB", int64(MaxDisk)>>40)
	// ErrNewer means that the header has a format version that this program does not know.
	ErrNewer = errors.New("written by a newer version")
)

// Damage describes the first damage found in a snapshot file. It wraps ErrDamaged.
type Damage struct {
	// Chunk is the first bad chunk, or -1 if the damage is not in a chunk.
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

func newDamage(chunk int64, format string, args ...any) error {
	return &Damage{Chunk: chunk, Reason: fmt.Sprintf(format, args...)}
}
