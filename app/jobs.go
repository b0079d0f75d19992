package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// JobKind says what a job does.
type JobKind string

// The kinds of jobs.
const (
	JobCreate   JobKind = "create"
	JobSnapshot JobKind = "snapshot"
	JobRestore  JobKind = "restore"
	JobUndo     JobKind = "undo"
	JobVerify   JobKind = "verify"
	JobExport   JobKind = "export"
	JobImport   JobKind = "import"
	JobClone    JobKind = "clone"
	JobPull     JobKind = "pull" // of an image, as its import
)

// ReplacesDisk tells whether such a job gives the VM another disk: the VM stays
// off meanwhile.
func (k JobKind) ReplacesDisk() bool { return k == JobRestore || k == JobUndo }

// A Job is a long operation in this process, with progress and cancel. All
// methods may be called from any goroutine and return at once, but Wait.
type Job struct {
	ID      int64
	Kind    JobKind
	VM      string
	Subject string // the snapshot's name, or the image's
	Started time.Time

	cancel context.CancelFunc
	ended  chan struct{}
	meter  meter

	// Written before ended is closed.
	err    error
	result any
	took   time.Duration
}

// Progress is one look at a job.
type Progress struct {
	Phase string
	// Done and Total are bytes of the present phase; Total 0 means unknown.
	Done, Total int64
	// Rate is bytes a second over the last seconds; ETA is -1 when unknown.
	Rate    float64
	ETA     time.Duration
	Elapsed time.Duration
	Ended   bool
}

// Fraction is 0 to 1, and 0 while the total is unknown.
func (p Progress) Fraction() float64 {
	if p.Total <= 0 {
		return 0
	}
	return min(1, float64(p.Done)/float64(p.Total))
}

// Progress takes a look at the job.
func (j *Job) Progress() Progress {
	select {
	case <-j.ended:
		p := j.meter.look(time.Now())
		p.Ended, p.Elapsed = true, j.took
		return p
	default:
		p := j.meter.look(time.Now())
		p.Elapsed = time.Since(j.Started)
		return p
	}
}

// Cancel asks the job to stop; Done tells when it has, and left nothing.
func (j *Job) Cancel() { j.cancel() }

// Done is closed when the job has ended, whichever way.
func (j *Job) Done() <-chan struct{} { return j.ended }

// Err is why the job failed, context.Canceled or an error that is one after a
// cancel, nil before the end and after success.
func (j *Job) Err() error {
	select {
	case <-j.ended:
		return j.err
	default:
		return nil
	}
}

// Cancelled tells whether the job has ended by Cancel.
func (j *Job) Cancelled() bool { return errors.Is(j.Err(), context.Canceled) }

// Result is what the job gives: a Snapshot for JobSnapshot, JobExport and
// JobImport, a Restored for JobRestore, an Undone for JobUndo, a Verified for JobVerify, a VM for
// JobClone and JobCreate, an Image for JobPull; nil before the end and after failure.
func (j *Job) Result() any {
	select {
	case <-j.ended:
		return j.result
	default:
		return nil
	}
}

// Wait waits for the job's end. When ctx ends first the job is cancelled, and
// Wait still waits until nothing is left of it.
func (j *Job) Wait(ctx context.Context) error {
	select {
	case <-j.ended:
	case <-ctx.Done():
		j.cancel()
		<-j.ended
	}
	return j.err
}

// Watch calls look about ten times a second with the job's progress, and
// exactly once, last, with Ended set. It returns then. It runs look on the
// calling goroutine.
func (j *Job) Watch(look func(Progress)) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-j.ended:
			look(j.Progress())
			return
		case <-tick.C:
			if p := j.Progress(); !p.Ended {
				look(p)
			}
		}
	}
}

// jobList is the jobs that this process runs.
type jobList struct {
	mu   sync.Mutex
	jobs []*Job
	// ended is told of each job with its end, before others are. May be nil.
	ended func(j *Job, err error)
}

var lastJob atomic.Int64

// Jobs returns the jobs that run in this process, oldest first.
func (s *Service) Jobs() []*Job {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	return slices.Clone(s.jobs.jobs)
}

// RunJob starts work as a job of its own goroutine. The work reports what it
// does through Meter, from any goroutine, and leaves nothing behind when its
// context ends. What it returns is the job's Result or Err.
func RunJob(kind JobKind, vmName, subject string, work func(context.Context, Meter) (any, error)) *Job {
	return runJob(kind, vmName, subject, work, func(*Job) {})
}

func runJob(kind JobKind, vmName, subject string, work func(context.Context, Meter) (any, error), ended func(*Job)) *Job {
	ctx, cancel := context.WithCancel(context.Background())
	j := &Job{
		ID: lastJob.Add(1), Kind: kind, VM: vmName, Subject: subject,
		Started: time.Now(), cancel: cancel, ended: make(chan struct{}),
	}
	go func() {
		defer cancel()
		result, err := work(ctx, &j.meter)
		switch {
		case err == nil:
			j.result = result
		case ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.As(err, new(interrupted)):
			j.err = context.Canceled
		default:
			j.err = err
		}
		j.took = time.Since(j.Started)
		ended(j)
		close(j.ended)
	}()
	return j
}

// run starts work as a job that is in the list until it ends.
func (l *jobList) run(kind JobKind, vmName, subject string, work func(context.Context, Meter) (any, error)) *Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := runJob(kind, vmName, subject, work, func(j *Job) {
		if l.ended != nil {
			l.ended(j, j.err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.jobs = slices.DeleteFunc(l.jobs, func(o *Job) bool { return o == j })
	})
	l.jobs = append(l.jobs, j)
	return j
}
