package app

import (
	"sync"
	"sync/atomic"
	"time"
)

// Meter is where work reports its progress: bytes done in phases. Its methods
// are called from many goroutines and never block.
type Meter interface {
	// Phase begins a phase of total bytes; 0 when that is not known.
	Phase(name string, total int64)
	// Add counts n more bytes as done.
	Add(n int64)
}

// meter counts a job's work. It is the engine's Progress: Add is one atomic
// addition, so that workers never wait for whoever looks.
type meter struct {
	done atomic.Int64

	mu      sync.Mutex
	phase   string
	total   int64
	samples []sample // of the last rateWindow, oldest first
}

type sample struct {
	at   time.Time
	done int64
}

// rateWindow is the time over which the rate is taken.
const rateWindow = 3 * time.Second

// Phase begins a phase of total bytes (0: unknown).
func (m *meter) Phase(name string, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.total = name, total
	m.done.Store(0)
	m.samples = []sample{{time.Now(), 0}}
}

// Add counts n more bytes as done.
func (m *meter) Add(n int64) { m.done.Add(n) }

// look takes one sample and says where the phase stands.
func (m *meter) look(now time.Time) Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{Phase: m.phase, Done: m.done.Load(), Total: m.total, ETA: -1}
	m.samples = append(m.samples, sample{now, p.Done})
	for len(m.samples) > 2 && now.Sub(m.samples[0].at) > rateWindow {
		m.samples = m.samples[1:]
	}
	first := m.samples[0]
	if over := now.Sub(first.at).Seconds(); over > 0 {
		p.Rate = float64(p.Done-first.done) / over
	}
	if p.Rate > 0 && p.Total > 0 {
		p.ETA = time.Duration(float64(max(0, p.Total-p.Done)) / p.Rate * float64(time.Second))
	}
	return p
}
