// Package job runs long operations in goroutines of their own, with progress, cancellation and
// typed results.
//
// [Run] starts a [Job] in a [List]. Its embedded [Handle] contains everything that does not
// depend on the type of the result, so that one list can hold jobs of every kind. A job's
// current step is a [Phase], a code with arguments that front ends put into words. The package
// knows neither the operations themselves nor how failures are described.
package job

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is the kind of operation that a job performs.
type Kind string

// The kinds of jobs.
const (
	Create   Kind = "create"
	Snapshot Kind = "snapshot"
	Restore  Kind = "restore"
	Undo     Kind = "undo"
	Verify   Kind = "verify"
	Export   Kind = "export"
	Import   Kind = "import"
	Clone    Kind = "clone"
	Open     Kind = "open" // open a snapshot to read it in place
	Pull     Kind = "pull" // download or import an image
	Copy     Kind = "copy" // files to or from a guest
)

// ReplacesDisk reports whether jobs of this kind replace the VM's disk, so that the VM cannot
// be started until they end.
func (k Kind) ReplacesDisk() bool { return k == Restore || k == Undo }

// Interrupted is the error of a canceled operation after which something continues or remains,
// as its text describes. It matches [context.Canceled].
type Interrupted string

func (i Interrupted) Error() string { return string(i) }

// Is reports whether target is context.Canceled.
func (i Interrupted) Is(target error) bool { return target == context.Canceled }

// Outcome says how a job ended.
type Outcome string

// The outcomes of a job.
const (
	Done     Outcome = "done"
	Failed   Outcome = "failed"
	Canceled Outcome = "cancelled" //nolint:misspell // stored in job logs
)

// A Handle is a job of this process without its result. All methods are safe for
// concurrent use, and all but Wait and Watch return at once.
type Handle struct {
	ID      int64
	Kind    Kind
	VM      string
	Subject string // name of the snapshot or image
	Started time.Time

	cancel context.CancelFunc
	ended  chan struct{}
	meter  meter

	// err and took are written before ended is closed.
	err  error
	took time.Duration
}

// A Job is an operation with a result of type T.
type Job[T any] struct {
	*Handle
	result T // written before ended is closed
}

// Result returns the result of the operation. It is the zero value if the job has not ended or
// has failed.
func (j *Job[T]) Result() T {
	select {
	case <-j.ended:
		return j.result
	default:
		var none T
		return none
	}
}

// Progress returns the current progress of the job.
func (h *Handle) Progress() Progress {
	p := h.meter.takeSample(time.Now())
	select {
	case <-h.ended:
		p.Ended, p.Elapsed = true, h.took
	default:
		p.Elapsed = time.Since(h.Started)
	}
	return p
}

// Cancel asks the job to stop. It has stopped when Done is closed.
func (h *Handle) Cancel() { h.cancel() }

// Done returns a channel that is closed when the job has ended, with any outcome.
func (h *Handle) Done() <-chan struct{} { return h.ended }

// Err returns the error that made the job fail. If the job was canceled, the error is or wraps
// context.Canceled. Err returns nil if the job has not ended or has succeeded.
func (h *Handle) Err() error {
	select {
	case <-h.ended:
		return h.err
	default:
		return nil
	}
}

// IsCanceled reports whether the job has ended because it was canceled.
func (h *Handle) IsCanceled() bool { return errors.Is(h.Err(), context.Canceled) }

// Wait waits until the job has ended and returns its error. If ctx is done first, Wait cancels
// the job and continues to wait until it has cleaned up.
func (h *Handle) Wait(ctx context.Context) error {
	select {
	case <-h.ended:
	case <-ctx.Done():
		h.cancel()
		<-h.ended
	}
	return h.err
}

// Watch calls report about ten times a second with the job's progress, and exactly once
// with Ended set, as the last call. It runs report on the calling goroutine and returns
// after that call.
func (h *Handle) Watch(report func(Progress)) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-h.ended:
			report(h.Progress())
			return
		case <-tick.C:
			if p := h.Progress(); !p.Ended {
				report(p)
			}
		}
	}
}

// A List holds the running jobs of a process. The zero value is an empty list. Its
// methods are safe for concurrent use.
type List struct {
	onEnd func(h *Handle, took time.Duration, err error)

	mu      sync.Mutex
	running []*Handle
}

// NewList returns an empty list. It calls onEnd with each job that ends, before the
// job's Done is closed.
func NewList(onEnd func(h *Handle, took time.Duration, err error)) *List {
	return &List{onEnd: onEnd}
}

// Running returns the jobs that have not ended, oldest first.
func (l *List) Running() []*Handle {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.running)
}

func (l *List) remove(h *Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = slices.DeleteFunc(l.running, func(o *Handle) bool { return o == h })
}

// Subject names what a job works on: a VM, which may be "", and a snapshot or image.
type Subject struct{ VM, Name string }

var lastID atomic.Int64

// Run starts work as a job in its own goroutine. The job stays in l until it ends. work may
// report its progress to the Meter from any goroutine, and must clean up when its context is
// done. Its return values are the job's result and error.
func Run[T any](l *List, kind Kind, subject Subject, work func(context.Context, Meter) (T, error)) *Job[T] {
	ctx, cancel := context.WithCancel(context.Background())
	j := &Job[T]{Handle: &Handle{
		ID: lastID.Add(1), Kind: kind, VM: subject.VM, Subject: subject.Name,
		Started: time.Now(), cancel: cancel, ended: make(chan struct{}),
	}}
	l.mu.Lock()
	l.running = append(l.running, j.Handle)
	l.mu.Unlock()
	go func() {
		defer cancel()
		result, err := work(ctx, &j.meter)
		if err == nil {
			j.result = result
		}
		j.err, j.took = err, time.Since(j.Started)
		if l.onEnd != nil {
			l.onEnd(j.Handle, j.took, err)
		}
		l.remove(j.Handle)
		close(j.ended)
	}()
	return j
}
