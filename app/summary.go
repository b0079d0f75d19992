package app

import (
	"context"
	"sync"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
)

// summaries remembers how many snapshots VMs have: a window looks every few
// seconds while VMs run, and would else read each snapshot's header each time.
type summaries struct {
	mu sync.Mutex
	of map[ondisk.VMDir]summary
}

// summary is how many snapshots a VM has, and when the newest was taken.
type summary struct {
	mark  snapshot.Mark
	count int
	last  time.Time
}

// snapshotSummary tells how many snapshots there are, and when the newest was
// taken. What cannot be listed counts as none.
func (s *Service) snapshotSummary(ctx context.Context, dir ondisk.VMDir) (count int, last time.Time) {
	store := snapshot.Open(dir)
	now := time.Now() // before the mark: what changes after it is not settled
	mark := store.Mark()
	if known, ok := s.summaries.get(dir); ok && known.mark == mark {
		return known.count, known.last
	}
	infos, _, err := store.List(ctx)
	if err != nil {
		return 0, time.Time{}
	}
	if count = len(infos); count > 0 {
		last = infos[0].Created
	}
	if mark.Settled(now) && store.Mark() == mark {
		s.summaries.put(dir, summary{mark, count, last})
	}
	return count, last
}

func (c *summaries) get(dir ondisk.VMDir) (summary, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.of[dir]
	return known, ok
}

func (c *summaries) put(dir ondisk.VMDir, known summary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[ondisk.VMDir]summary{}
	}
	c.of[dir] = known
}
