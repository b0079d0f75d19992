package snapshot

import (
	"sync/atomic"

	"vmterminal/app/ondisk/guard"
	"vmterminal/snapshot/diskfile"
)

const (
	// maxReserve is what is left free of a large file system, so that running
	// VMs can go on writing; small ones keep a 64th of theirs.
	maxReserve = 256 << 20
	// lookEvery is how many bytes are written at most between two looks at the
	// space; never more than half of what is left free.
	lookEvery = 32 << 20
)

// A budget keeps an operation that does not know how much it will write from
// filling a folder's file system.
type budget struct {
	dir     string
	reserve int64
	unseen  atomic.Int64
}

// newBudget fails with a *NoSpace if there is no room for needed bytes.
func newBudget(dir string, needed int64) (*budget, error) {
	free, total, err := diskfile.Space(dir)
	if err != nil {
		return nil, err
	}
	b := &budget{dir: dir, reserve: min(maxReserve, total/64)}
	if needed > free-b.reserve {
		return nil, &NoSpace{Dir: dir, Needed: needed, Free: free, Kept: b.reserve}
	}
	return b, nil
}

// Room tells, as a *NoSpace, that needed more bytes in a folder's file system
// would take what is left free there for running VMs.
func Room(dir string, needed int64) error {
	_, err := newBudget(dir, needed)
	return err
}

// take counts n bytes that are about to be written; called from many goroutines.
func (b *budget) take(n int) error {
	if b.unseen.Add(int64(n)) < min(lookEvery, b.reserve/2) || !guard.On(guard.ImageLimit) {
		return nil
	}
	b.unseen.Store(0)
	free, _, err := diskfile.Space(b.dir)
	if err == nil && free-int64(n) < b.reserve {
		err = &NoSpace{Dir: b.dir, Free: free, Kept: b.reserve}
	}
	return err
}

// budgeted is a new file that is written within a budget.
type budgeted struct {
	diskfile.WriteBehind
	budget  *budget
	written int64
}

func (b *budgeted) WriteAt(p []byte, off int64) (int, error) {
	if err := b.budget.take(len(p)); err != nil {
		return 0, err
	}
	n, err := b.WriteBehind.WriteAt(p, off)
	b.written += int64(n)
	return n, err
}
