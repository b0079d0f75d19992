package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/debian"
	"vmterminal/vm/home"
)

// RunningJob is a job on a VM or an image, in this or another process.
type RunningJob struct {
	// VM is the name of the VM. For a job on an image, VM is empty and Image is the image's
	// name.
	VM, Image string
	// PID is the ID of the process that runs the job.
	PID int
	// Activity is what the job does; see [Activities].
	Activity durable.Activity
	Since    time.Time
	// Received is the number of bytes that a download has received, or 0 for other jobs. Total
	// is the full length, or 0 if unknown.
	Received, Total int64
}

// Subject returns the name of the VM or image.
func (j RunningJob) Subject() string {
	if j.Image != "" {
		return "image " + j.Image
	}
	return j.VM
}

// RunningJobs returns the jobs that are running on VMs, sorted by VM, followed by the jobs on
// images.
func (s *Service) RunningJobs(_ context.Context) ([]RunningJob, error) {
	entries, _, err := s.vms.List()
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpJobList})
	}
	var jobs []RunningJob
	for _, e := range entries {
		for _, w := range s.vmJobSources(e.Name) {
			if j := w.runningJob(); j != nil {
				jobs = append(jobs, *j)
			}
		}
	}
	working, err := s.imageStore(nil).Operations()
	for _, w := range working {
		jobs = append(jobs, RunningJob{Image: w.Name, PID: w.PID, Activity: plainActivity(w.Activity), Since: w.Since, Received: w.Received, Total: w.Total})
	}
	for _, b := range debian.ActiveBuilds(s.opt.Home.Cache()) {
		jobs = append(jobs, RunningJob{Image: builtPrefix + b.Release, PID: b.PID, Activity: plainActivity(b.Activity), Since: b.Since})
	}
	return jobs, wrapFailure(err, problem.Operation{Code: problem.OpJobList})
}

// jobSource describes where at most one job runs at a time: the lock that the job holds, and
// the file for cancel requests.
type jobSource struct {
	target         RunningJob // with VM or Image set
	lock, requests string
}

// vmJobSources returns the two job sources of a VM: snapshot jobs and file copies run
// independently.
func (s *Service) vmJobSources(name string) []jobSource {
	dir := s.vms.Dir(name)
	return []jobSource{
		{RunningJob{VM: name}, dir.JobLock(), dir.JobCancel()},
		{RunningJob{VM: name}, dir.CopyLock(), dir.CopyCancel()},
	}
}

func (s *Service) imageJobSource(name string) (jobSource, error) {
	if release, isBuilt := strings.CutPrefix(name, builtPrefix); isBuilt {
		release, err := debian.Release(release)
		cache := s.opt.Home.Cache()
		return jobSource{RunningJob{Image: builtPrefix + release}, home.DebianLock(cache, release), home.DebianCancel(cache, release)}, err
	}
	dir, err := s.imageStore(nil).Dir(name)
	return jobSource{RunningJob{Image: name}, dir.Lock(), dir.Cancel()}, err
}

// runningJob returns the running job, or nil.
func (w jobSource) runningJob() *RunningJob {
	held, by := durable.IsLocked(w.lock)
	if !held {
		return nil
	}
	j := w.target
	j.PID, j.Activity, j.Since = by.PID, plainActivity(by.Activity), by.Since
	return &j
}

// WaitForJob waits until no job is running on a VM.
func (s *Service) WaitForJob(ctx context.Context, name string) error {
	e, err := s.entry(name)
	if err == nil {
		for _, w := range s.vmJobSources(e.Name) {
			err = errors.Join(err, w.waitForEnd(ctx, nil))
		}
	}
	return wrapFailure(wrapWaitError(err), problem.Operation{Code: problem.OpJobWait, VM: name})
}

// WaitForImageJob waits until no job is running on an image.
func (s *Service) WaitForImageJob(ctx context.Context, name string) error {
	w, err := s.imageJobSource(name)
	if err == nil {
		err = w.waitForEnd(ctx, nil)
	}
	return wrapFailure(wrapWaitError(err), problem.Operation{Code: problem.OpImageJobWait, Image: name})
}

func wrapWaitError(err error) error {
	if errors.Is(err, context.Canceled) {
		return job.Interrupted("stopped waiting; the job continues")
	}
	return err
}

// jobPollInterval is how often the lock of another process's job is polled.
const jobPollInterval = 100 * time.Millisecond

// waitForEnd waits until no job is running or, if current is not nil, until a different job is
// running.
func (w jobSource) waitForEnd(ctx context.Context, current *RunningJob) error {
	for {
		now := w.runningJob()
		if now == nil || current != nil && *now != *current {
			return nil
		}
		select {
		case <-time.After(jobPollInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cancelTimeout is how long to wait for a job after requesting its cancellation.
const cancelTimeout = 30 * time.Second

// CancelJobs cancels the jobs on a VM, no matter which process runs them, and waits until they
// have ended. It returns ErrNoJob if none is running.
func (s *Service) CancelJobs(ctx context.Context, name string) ([]RunningJob, error) {
	e, err := s.entry(name)
	var ended []RunningJob
	if err == nil {
		name = e.Name
		for _, w := range s.vmJobSources(name) {
			canceled, cancelErr := w.cancelJob(ctx)
			if errors.Is(cancelErr, ErrNoJob) {
				continue
			}
			ended, err = append(ended, canceled), errors.Join(err, cancelErr)
		}
		if len(ended) == 0 {
			err = ErrNoJob
		}
	}
	return ended, wrapFailure(err, problem.Operation{Code: problem.OpJobCancel, VM: name})
}

// CancelImageJob cancels the job on an image, named as in RunningJobs, and waits until it has
// ended. The received part of a download is kept.
func (s *Service) CancelImageJob(ctx context.Context, name string) (RunningJob, error) {
	w, err := s.imageJobSource(name)
	var ended RunningJob
	if err == nil {
		ended, err = w.cancelJob(ctx)
	}
	return ended, wrapFailure(err, problem.Operation{Code: problem.OpImageJobCancel, Image: name})
}

// cancelTimeoutError is an ErrState: a job did not stop within cancelTimeout after a cancel request.
type cancelTimeoutError struct{ durable.Holder }

func (u *cancelTimeoutError) Error() string {
	return fmt.Sprintf("process %d (%v) did not stop within %v", u.PID, u.Activity, cancelTimeout)
}

func (u *cancelTimeoutError) Unwrap() error { return ErrState }

func (w jobSource) cancelJob(ctx context.Context) (RunningJob, error) {
	running := w.runningJob()
	if running == nil {
		return RunningJob{}, ErrNoJob
	}
	err := durable.WriteRequest(w.requests, running.PID)
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, cancelTimeout)
		defer cancel()
		err = w.waitForEnd(limited, running)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = &cancelTimeoutError{durable.Holder{PID: running.PID, Activity: running.Activity}}
	}
	if errors.Is(err, context.Canceled) {
		err = job.Interrupted("stopped waiting; the job was asked to stop")
	}
	return *running, err
}
