package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"vmterminal/app/ondisk"
)

// WorkingJob is a job that works on a VM, in whichever process.
type WorkingJob struct {
	VM string
	// PID is the process, Doing what it does: "taking snapshot 'x'".
	PID   int
	Doing string
	Since time.Time
}

// WorkingJobs returns what works on the VMs now, by the VM's name.
func (s *Service) WorkingJobs(_ context.Context) ([]WorkingJob, error) {
	entries, _, err := s.vms.List()
	if err != nil {
		return nil, failed(err, "", "list the jobs")
	}
	var jobs []WorkingJob
	for _, e := range entries {
		if j := s.workingOn(e.Name); j != nil {
			jobs = append(jobs, *j)
		}
	}
	return jobs, nil
}

// workingOn is the job that works on a VM, nil if there is none.
func (s *Service) workingOn(name string) *WorkingJob {
	held, by := ondisk.Held(s.vms.Dir(name).JobLock())
	if !held {
		return nil
	}
	return &WorkingJob{VM: name, PID: by.PID, Doing: Plain(by.Doing), Since: by.Since}
}

// WaitForJob returns when no job works on a VM any more.
func (s *Service) WaitForJob(ctx context.Context, name string) error {
	e, err := s.entry(name)
	if err == nil {
		err = s.untilFree(ctx, e.Name, nil)
	}
	if errors.Is(err, context.Canceled) {
		err = interrupted("not waited for any longer; the job goes on")
	}
	return failed(err, "", "wait for %s", called(name))
}

// askAgain is how often a job of another process is looked for: nobody tells
// when it has ended.
const askAgain = 100 * time.Millisecond

// untilFree waits until no job, or one other than this, works on a VM.
func (s *Service) untilFree(ctx context.Context, name string, this *WorkingJob) error {
	for {
		now := s.workingOn(name)
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

// cancelPatience is how long CancelJob waits for a job to end.
const cancelPatience = 30 * time.Second

// CancelJob asks the job that works on a VM to end, in whichever process, and
// returns when it has. ErrNoJob if there is none.
func (s *Service) CancelJob(ctx context.Context, name string) (WorkingJob, error) {
	e, err := s.entry(name)
	if err != nil {
		return WorkingJob{}, failed(err, "", "cancel the job of %s", called(name))
	}
	job := s.workingOn(e.Name)
	if job == nil {
		return WorkingJob{}, failed(ErrNoJob, "", "cancel the job of VM '%s'", e.Name)
	}
	err = ondisk.ReplaceJSON(s.vms.Dir(e.Name).JobCancel(), cancelRequest{PID: job.PID})
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, cancelPatience)
		defer cancel()
		err = s.untilFree(limited, e.Name, job)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: process %d, %s, does not end", ErrState, job.PID, job.Doing)
	}
	if errors.Is(err, context.Canceled) {
		err = interrupted("not waited for any longer; the job was asked to end")
	}
	return *job, failed(err, "", "cancel the job of VM '%s'", e.Name)
}

// cancelRequest asks one holder of the job lock to end.
type cancelRequest struct {
	PID int `json:"pid"`
}

// requestsAgain is how often a job looks for a request to end.
const requestsAgain = 200 * time.Millisecond

// obeyRequest calls cancel when the holder of the job lock, which is this process,
// is asked to end. It returns when ctx ends.
func obeyRequest(ctx context.Context, dir ondisk.VMDir, cancel func()) {
	again := time.NewTicker(requestsAgain)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if isAsked(dir) {
				cancel()
			}
		case <-ctx.Done():
			return
		}
	}
}

// isAsked tells whether there is a request that means this process. One for an
// earlier holder was removed when the lock was taken.
func isAsked(dir ondisk.VMDir) bool {
	var r cancelRequest
	text, err := os.ReadFile(dir.JobCancel())
	return err == nil && json.Unmarshal(text, &r) == nil && r.PID == os.Getpid()
}

// forgetRequest removes what was asked of an earlier holder. The job lock is held.
func forgetRequest(dir ondisk.VMDir) error {
	err := os.Remove(dir.JobCancel())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, ondisk.SweepTempsOf(dir.JobCancel()))
}
