package app

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// logJob returns a function that runs work and logs its phases and end. It returns work itself
// if debug messages are disabled.
func logJob[T any](log *slog.Logger, kind job.Kind, vmName string, work func(context.Context, job.Meter) (T, error)) func(context.Context, job.Meter) (T, error) {
	if !isDebugEnabled(log) {
		return work
	}
	return func(ctx context.Context, m job.Meter) (T, error) {
		phases := newPhaseLog(log, kind, vmName, m)
		result, err := work(ctx, phases)
		phases.endJob(err)
		return result, err
	}
}

func isDebugEnabled(log *slog.Logger) bool {
	return log != nil && log.Enabled(context.Background(), slog.LevelDebug)
}

// A phaseLog is a job's Meter that also logs each phase, with its duration and bytes, when the
// next phase starts or the job ends.
type phaseLog struct {
	job.Meter
	log     *slog.Logger
	started time.Time
	bytes   atomic.Int64 // of the current phase

	mu    sync.Mutex
	phase string // "" before the first phase
	since time.Time
}

func newPhaseLog(log *slog.Logger, kind job.Kind, vmName string, m job.Meter) *phaseLog {
	log = log.With("job", string(kind), "vm", vmName)
	log.Debug("job started")
	return &phaseLog{Meter: m, log: log, started: time.Now()}
}

func (p *phaseLog) Phase(code string, total int64) {
	p.beginPhase(code)
	p.Meter.Phase(code, total)
}

func (p *phaseLog) WaitFor(holder durable.Holder) {
	p.beginPhase(job.WaitForProcess) // do not log the holder's activity, which can name files
	p.Meter.WaitFor(holder)
}

func (p *phaseLog) beginPhase(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
	p.phase, p.since = code, time.Now()
}

func (p *phaseLog) Add(n int64) {
	p.bytes.Add(n)
	p.Meter.Add(n)
}

// endPhase logs the current phase, if any. The caller must hold mu.
func (p *phaseLog) endPhase() {
	bytes := p.bytes.Swap(0)
	if p.phase != "" {
		p.log.Debug("job phase", "phase", p.phase, "duration", time.Since(p.since), "bytes", bytes)
	}
}

// endJob logs the last phase and the end of the job. Only the exit code of an error is logged,
// because its text can contain names of files.
func (p *phaseLog) endJob(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
	p.phase = ""
	exit := problem.ExitOK
	if err != nil {
		exit = Explain(err).Exit
	}
	p.log.Debug("job ended", "duration", time.Since(p.started), "exit_code", exit)
}
