package snapshot

import (
	"errors"
	"sync/atomic"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
)

const (
	// maxReserve is the space in bytes that is left free for running VMs to write to. On
	// small file systems it is a 64th of their size.
	maxReserve = 256 << 20
	// spaceCheckInterval is the maximum number of bytes written between two checks of the
	// free space; it is never more than half of the reserve.
	spaceCheckInterval = 32 << 20
)

// budget keeps an operation that writes an unknown amount from filling the file system of a
// folder.
type budget struct {
	dir       string
	reserve   int64
	unchecked atomic.Int64 // bytes written since the last check
}

// newBudget returns a budget for the file system of dir, or a *NoSpace if the needed bytes
// do not fit.
func newBudget(dir string, needed int64) (*budget, error) {
	free, total, err := diskfile.Space(dir)
	if errors.Is(err, diskfile.ErrSpaceUnknown) {
		return &budget{dir: dir, reserve: maxReserve}, nil
	}
	if err != nil {
		return nil, err
	}
	b := &budget{dir: dir, reserve: min(maxReserve, total/64)}
	if needed > free-b.reserve {
		return nil, &NoSpace{Dir: dir, Needed: needed, Free: free, Kept: b.reserve}
	}
	return b, nil
}

// CheckRoom returns a *NoSpace if writing that many bytes to the file system of a folder would use
// the space reserved for running VMs. Its Needed is 0, as more bytes may follow.
func CheckRoom(dir string, bytes int64) error {
	_, err := newBudget(dir, bytes)
	if full := (*NoSpace)(nil); errors.As(err, &full) {
		full.Needed = 0
	}
	return err
}

// spend accounts for n bytes that are about to be written, and returns a *NoSpace if they do
// not fit. It is safe for concurrent use.
func (b *budget) spend(n int) error {
	if b.unchecked.Add(int64(n)) < min(spaceCheckInterval, b.reserve/2) || !guard.On(guard.ImageLimit) {
		return nil
	}
	b.unchecked.Store(0)
	free, _, err := diskfile.Space(b.dir)
	if errors.Is(err, diskfile.ErrSpaceUnknown) {
		return nil
	}
	if err == nil && free-int64(n) < b.reserve {
		err = &NoSpace{Dir: b.dir, Free: free, Kept: b.reserve}
	}
	return err
}

// budgetedFile is a new file written within a budget.
type budgetedFile struct {
	diskfile.WriteBehind
	budget  *budget
	written int64
}

func (b *budgetedFile) WriteAt(p []byte, off int64) (int, error) {
	if err := b.budget.spend(len(p)); err != nil {
		return 0, err
	}
	n, err := b.WriteBehind.WriteAt(p, off)
	b.written += int64(n)
	return n, err
}

// overwrite writes content at offset off, where the file may already have other content. Zeros
// become holes if the file system can punch holes.
func (b *budgetedFile) overwrite(off int64, content []byte) error {
	var err error
	if durable.PunchHole(b.File, off, int64(len(content))) == nil {
		_, err = diskfile.WriteSparse(b, content, off)
	} else {
		_, err = b.WriteAt(content, off)
	}
	return err
}
