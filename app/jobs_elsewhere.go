package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/debian"
)

// WorkingJob is a job that works on a VM or an image, in whichever process.
type WorkingJob struct {
	// VM, or else Image, is the name of what it works on.
	VM, Image string
	// PID is the process, Doing what it does: "taking snapshot 'x'".
	PID   int
	Doing string
	Since time.Time
	// Come is how many bytes of a download are there, of Total; 0: it is none, or it is
	// not known of how many.
	Come, Total int64
}

// On names what the job works on.
func (j WorkingJob) On() string {
	if j.Image != "" {
		return "image " + j.Image
	}
	return j.VM
}

// WorkingJobs returns what works now: on VMs, by their names, then on images.
func (s *Service) WorkingJobs(_ context.Context) ([]WorkingJob, error) {
	entries, _, err := s.vms.List()
	if err != nil {
		return nil, failed(err, "", "list the jobs")
	}
	var jobs []WorkingJob
	for _, e := range entries {
		if j := s.workOn(e.Name).now(); j != nil {
			jobs = append(jobs, *j)
		}
	}
	working, err := s.images(nil).Working()
	for _, w := range working {
		jobs = append(jobs, WorkingJob{Image: w.Name, PID: w.PID, Doing: Plain(w.Doing), Since: w.Since, Come: w.Come, Total: w.Total})
	}
	for _, b := range debian.Builds(s.opt.Home.Cache()) {
		jobs = append(jobs, WorkingJob{Image: builtPrefix + b.Release, PID: b.PID, Doing: Plain(b.Doing), Since: b.Since})
	}
	return jobs, failed(err, "", "list the jobs")
}

// work is what one job at a time works on: its lock, and where a job is asked to end.
type work struct {
	on             WorkingJob // VM or Image
	lock, requests string
}

func (s *Service) workOn(name string) work {
	dir := s.vms.Dir(name)
	return work{WorkingJob{VM: name}, dir.JobLock(), dir.JobCancel()}
}

func (s *Service) workOnImage(name string) (work, error) {
	if release, isBuilt := strings.CutPrefix(name, builtPrefix); isBuilt {
		release, err := debian.Release(release)
		cache := s.opt.Home.Cache()
		return work{WorkingJob{Image: builtPrefix + release}, ondisk.DebianLock(cache, release), ondisk.DebianCancel(cache, release)}, err
	}
	dir, err := s.images(nil).Dir(name)
	return work{WorkingJob{Image: name}, dir.Lock(), dir.Cancel()}, err
}

// now is the job that is under way, nil if there is none.
func (w work) now() *WorkingJob {
	held, by := ondisk.Held(w.lock)
	if !held {
		return nil
	}
	j := w.on
	j.PID, j.Doing, j.Since = by.PID, Plain(by.Doing), by.Since
	return &j
}

// WaitForJob returns when no job works on a VM any more.
func (s *Service) WaitForJob(ctx context.Context, name string) error {
	e, err := s.entry(name)
	if err == nil {
		err = s.workOn(e.Name).untilFree(ctx, nil)
	}
	return failed(waitedFor(err), "", "wait for %s", called(name))
}

// WaitForImageJob returns when no job works on an image any more.
func (s *Service) WaitForImageJob(ctx context.Context, name string) error {
	w, err := s.workOnImage(name)
	if err == nil {
		err = w.untilFree(ctx, nil)
	}
	return failed(waitedFor(err), "", "wait for image '%s'", Plain(name))
}

func waitedFor(err error) error {
	if errors.Is(err, context.Canceled) {
		return interrupted("not waited for any longer; the job goes on")
	}
	return err
}

// askAgain is how often a job of another process is looked for: nobody tells
// when it has ended.
const askAgain = 100 * time.Millisecond

// untilFree waits until there is no job, or another than this.
func (w work) untilFree(ctx context.Context, this *WorkingJob) error {
	for {
		now := w.now()
		if now == nil || this != nil && *now != *this {
			return nil
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cancelPatience is how long a job that was asked to end is waited for.
const cancelPatience = 30 * time.Second

// CancelJob asks the job that works on a VM to end, in whichever process, and
// returns when it has. ErrNoJob if there is none.
func (s *Service) CancelJob(ctx context.Context, name string) (WorkingJob, error) {
	e, err := s.entry(name)
	var ended WorkingJob
	if err == nil {
		name = e.Name
		ended, err = s.workOn(name).cancel(ctx)
	}
	return ended, failed(err, "", "cancel the job of %s", called(name))
}

// CancelImageJob is CancelJob for a job that works on an image, of the name that
// WorkingJobs tells. What has come of a download is kept.
func (s *Service) CancelImageJob(ctx context.Context, name string) (WorkingJob, error) {
	w, err := s.workOnImage(name)
	var ended WorkingJob
	if err == nil {
		ended, err = w.cancel(ctx)
	}
	return ended, failed(err, "", "cancel the job of image '%s'", Plain(name))
}

func (w work) cancel(ctx context.Context) (WorkingJob, error) {
	job := w.now()
	if job == nil {
		return WorkingJob{}, ErrNoJob
	}
	err := ondisk.AskToEnd(w.requests, job.PID)
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, cancelPatience)
		defer cancel()
		err = w.untilFree(limited, job)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: process %d, %s, does not end", ErrState, job.PID, job.Doing)
	}
	if errors.Is(err, context.Canceled) {
		err = interrupted("not waited for any longer; the job was asked to end")
	}
	return *job, err
}
