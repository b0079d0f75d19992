package job

import (
	"sync"
	"sync/atomic"
	"time"

	"vmterminal/snapshot/durable"
)

// Meter receives the progress of an operation: its phases, and the bytes done in each. Its
// methods may be called from any goroutine and never block.
type Meter interface {
	// Phase begins a phase. total is its length in bytes, or 0 if unknown. code is one of the
	// codes that [Codes] returns.
	Phase(code string, total int64)
	// WaitFor begins the phase WaitForProcess, in which holder is waited for.
	WaitFor(holder durable.Holder)
	// Add counts n more bytes as done.
	Add(n int64)
}

// Progress describes how much of a job is done.
type Progress struct {
	Phase Phase
	// Done and Total are bytes of the current phase. Total is 0 if unknown.
	Done, Total int64
	// Rate is in bytes per second, averaged over the last few seconds. ETA is the time left in
	// the phase, or -1 if unknown.
	Rate    float64
	ETA     time.Duration
	Elapsed time.Duration
	Ended   bool
}

// Fraction returns how much of the phase is done, from 0 to 1. It returns 0 if the total is
// unknown.
func (p Progress) Fraction() float64 {
	if p.Total <= 0 {
		return 0
	}
	return min(1, float64(p.Done)/float64(p.Total))
}

// meter is the Meter of a job. Add is one atomic addition, so that workers never wait
// for a front end that reads the progress.
type meter struct {
	done atomic.Int64

	mu      sync.Mutex
	phase   Phase
	total   int64
	samples []sample // of the last rateWindow, oldest first
}

type sample struct {
	at   time.Time
	done int64
}

// rateWindow is the time over which the rate is computed.
const rateWindow = 3 * time.Second

func (m *meter) Phase(code string, total int64) { m.beginPhase(Phase{Code: Code(code)}, total) }

func (m *meter) WaitFor(holder durable.Holder) {
	m.beginPhase(Phase{Code: WaitForProcess, Holder: holder}, 0)
}

func (m *meter) beginPhase(p Phase, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.total = p, total
	m.done.Store(0)
	m.samples = []sample{{time.Now(), 0}}
}

func (m *meter) Add(n int64) { m.done.Add(n) }

// takeSample adds a sample and returns the progress of the phase.
func (m *meter) takeSample(now time.Time) Progress {
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

// NewDiscardMeter returns a Meter for an operation whose progress is not displayed.
func NewDiscardMeter() Meter { return &meter{} }
