package snapshot

import (
	"context"
	"errors"
	"fmt"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

var (
	// ErrNotFound says that there is no snapshot of that name.
	ErrNotFound = errors.New("no such snapshot")
	// ErrExists says that the name is taken.
	ErrExists = errors.New("a snapshot of that name exists")
	// ErrUnchanged says that the disk is as the newest snapshot has it; the error
	// names that one.
	ErrUnchanged = errors.New("nothing has changed since snapshot")
	// ErrMissing says that a snapshot has a row, but its file is gone.
	ErrMissing = errors.New("the snapshot's file is missing")
	// ErrDamaged says that a snapshot file does not hold; the error tells where.
	ErrDamaged = gzfile.ErrDamaged
	// ErrNewer says that the rows or a snapshot were written by a newer version.
	ErrNewer = gzfile.ErrNewer
	// ErrTooLarge says that a disk, or what a foreign file unpacks to, is larger
	// than MaxDisk.
	ErrTooLarge = gzfile.ErrTooLarge
	// ErrNotSnapshot says that what was to be imported is no gzip file at all.
	ErrNotSnapshot = errors.New("not a snapshot")
	// ErrBadKeep says that Prune was not told what to keep.
	ErrBadKeep = errors.New("nothing is said to be kept")
	// ErrBadDescription says that a description cannot be kept.
	ErrBadDescription = errors.New("not a valid description")
	// ErrNoSpace is what every *NoSpace wraps.
	ErrNoSpace = errors.New("not enough free space")
	// ErrNotDurable says that a restore or undo has replaced the disk, but a power
	// cut might bring back the one before.
	ErrNotDurable = errors.New("the disk is restored, but perhaps not durably")
	// ErrNoUndo says that no disk is kept that could be brought back.
	ErrNoUndo = diskfile.ErrNoUndo
)

// Damage is the ErrDamaged that also says which chunk is the first bad one.
type Damage = gzfile.Damage

// NoSpace says how much room was needed and how much there was, in bytes.
// Needed is 0 when it is not known. Kept is what of Free is never filled, 0 when
// it was the file system that refused.
type NoSpace struct {
	Dir                string
	Needed, Free, Kept int64
}

func (e *NoSpace) Error() string {
	needed, kept := "how much is needed is not known", ""
	if e.Needed > 0 {
		needed = "about " + megabytes(e.Needed) + " needed"
	}
	if e.Kept > 0 {
		kept = ", while " + megabytes(e.Kept) + " are kept free for running VMs to write to"
	}
	return fmt.Sprintf("%v in %s: %s, %s free%s", ErrNoSpace, e.Dir, needed, megabytes(e.Free), kept)
}

func (e *NoSpace) Unwrap() error { return ErrNoSpace }

func megabytes(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/(1<<20)) }

// tell makes an error of writing in dir into one that callers can tell apart.
func tell(ctx context.Context, dir string, needed int64, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoSpace):
		var full *NoSpace
		if errors.As(err, &full) && full.Needed == 0 {
			full.Needed = needed
		}
		return err
	case diskfile.IsNoSpace(err):
		free, _, _ := diskfile.Space(dir)
		full := &NoSpace{Dir: dir, Needed: needed, Free: free}
		if errors.Is(err, ondisk.ErrNotDurable) {
			return ondisk.Done(full)
		}
		return full
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	}
	return err
}
