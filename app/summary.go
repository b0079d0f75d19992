package app

import (
	"context"
	"sync"
	"time"

	"vmterminal/snapshot"
	"vmterminal/vm/home"
)

// summaries caches how many snapshots VMs have. While VMs run, the window requests these
// numbers every few seconds; without the cache, each request would read the headers of all
// snapshots.
type summaries struct {
	mu    sync.Mutex
	byDir map[home.VMDir]summary
}

// summary is the number of a VM's snapshots and the time of the newest.
type summary struct {
	mark  snapshot.Fingerprint
	count int
	last  time.Time
}

// snapshotSummary returns the number of a VM's snapshots and the time of the newest. It returns
// 0 if they cannot be listed.
func (s *Service) snapshotSummary(ctx context.Context, dir home.VMDir) (count int, last time.Time) {
	store := snapshot.Open(SnapshotPaths(dir))
	now := s.now() // before the mark, so that later changes are not considered settled
	mark := store.Fingerprint()
	if cached, ok := s.summaries.get(dir); ok && cached.mark == mark {
		return cached.count, cached.last
	}
	infos, _, err := store.List(ctx)
	if err != nil {
		return 0, time.Time{}
	}
	if count = len(infos); count > 0 {
		last = infos[0].Created
	}
	if mark.IsSettled(now) && store.Fingerprint() == mark {
		s.summaries.put(dir, summary{mark, count, last})
	}
	return count, last
}

func (c *summaries) get(dir home.VMDir) (summary, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, ok := c.byDir[dir]
	return cached, ok
}

func (c *summaries) put(dir home.VMDir, cached summary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byDir == nil {
		c.byDir = map[home.VMDir]summary{}
	}
	c.byDir[dir] = cached
}
