package snapshot

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

var (
	// ErrNotFound means that there is no snapshot with that name.
	ErrNotFound = errors.New("no such snapshot")
	// ErrExists means that a snapshot with that name already exists.
	ErrExists = errors.New("a snapshot with that name exists")
	// ErrUnchanged means that the disk is the same as in an existing snapshot, which the
	// error names.
	ErrUnchanged = errors.New("nothing has changed since snapshot")
	// ErrMissing means that a snapshot has a row but no file.
	ErrMissing = errors.New("the snapshot's file is missing")
	// ErrDamaged means that a snapshot file is damaged; the error describes where.
	ErrDamaged = gzfile.ErrDamaged
	// ErrNewer means that the rows or a snapshot were written by a newer version.
	ErrNewer = gzfile.ErrNewer
	// ErrTooLarge means that a disk, or the contents of a foreign file, is larger than
	// MaxDisk.
	ErrTooLarge = gzfile.ErrTooLarge
	// ErrSequential means that a snapshot is another tool's gzip file, which can only be
	// read from start to end.
	ErrSequential = errors.New("not written by VMTerminal, so it can only be read from start to end")
	// ErrNotSnapshot means that a file to be imported is not a gzip file.
	ErrNotSnapshot = errors.New("not a snapshot")
	// ErrBadKeep means that the numbers in a Keep are negative or all zero.
	ErrBadKeep = errors.New("invalid number of snapshots to keep")
	// ErrBadDescription means that a description is too long.
	ErrBadDescription = errors.New("not a valid description")
	// ErrNoSpace is wrapped by every *NoSpace.
	ErrNoSpace = errors.New("not enough free space")
	// ErrNotDurable means that a restore or undo has replaced the disk, but a power cut
	// might bring back the old one.
	ErrNotDurable = errors.New("the disk is restored, but perhaps not durably")
	// ErrDiskChanged means that a stopped VM's disk was written to while it was read.
	ErrDiskChanged = diskfile.ErrChanged
	// ErrNoUndo means that there is no undo disk.
	ErrNoUndo = diskfile.ErrNoUndo
	// ErrUndoNotPlaced is wrapped by every *UndoNotPlaced.
	ErrUndoNotPlaced = diskfile.ErrUndoNotPlaced
)

// UndoNotPlaced reports that the disk replaced by the last restore has only a temporary name.
type UndoNotPlaced = diskfile.UndoNotPlaced

// Damage describes the first damage in a snapshot file. It wraps ErrDamaged.
type Damage = gzfile.Damage

// NoSpace reports how much space an operation needs and how much is free, in bytes. It
// wraps ErrNoSpace. Needed is 0 if unknown. Kept is the part of Free that is reserved for
// running VMs, or 0 if the file system itself was full.
type NoSpace struct {
	Dir                string
	Needed, Free, Kept int64
	// Lack is the exhausted resource, or "" for free bytes.
	Lack Lack
}

// Lack is a resource other than free bytes that a new file needs.
type Lack string

// The resources that can be exhausted.
const (
	LackQuota  Lack = "quota"
	LackInodes Lack = "inodes"
)

func (e *NoSpace) Error() string {
	switch e.Lack {
	case LackQuota:
		return fmt.Sprintf("%v in %s: this user's quota is used up", ErrNoSpace, e.Dir)
	case LackInodes:
		return fmt.Sprintf("%v in %s: the file system has no inodes left for another file", ErrNoSpace, e.Dir)
	}
	needed, kept := "an unknown amount needed", ""
	if e.Needed > 0 {
		needed = "about " + formatMB(e.Needed) + " needed"
	}
	if e.Kept > 0 {
		kept = ", of which " + formatMB(e.Kept) + " are reserved for running VMs"
	}
	return fmt.Sprintf("%v in %s: %s, %s free%s", ErrNoSpace, e.Dir, needed, formatMB(e.Free), kept)
}

func (e *NoSpace) Unwrap() error { return ErrNoSpace }

func formatMB(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/(1<<20)) }

// classifyError converts an error from writing in dir: to a *NoSpace if space has run out, and
// to the context's error if err wraps it. It returns other errors unchanged.
func classifyError(ctx context.Context, dir string, needed int64, err error) error {
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
		switch {
		case errors.Is(err, syscall.EDQUOT):
			full.Lack = LackQuota
		case !diskfile.HasFreeInodes(dir):
			full.Lack = LackInodes
		}
		if errors.Is(err, durable.ErrNotDurable) {
			return durable.MarkNotDurable(full)
		}
		return full
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	}
	return err
}
