package app

import (
	"context"
	"errors"

	"vmterminal/app/job"
)

// Jobs returns the jobs that run in this process, oldest first.
func (s *Service) Jobs() []*job.Handle { return s.jobs.Running() }

// runJob runs work as a job of the Service, with logging and a record in the job history. An
// error that only means that the job was canceled becomes context.Canceled.
func runJob[T any](s *Service, kind job.Kind, of job.Subject, work func(context.Context, job.Meter) (T, error)) *job.Job[T] {
	return job.Run(s.jobs, kind, of, func(ctx context.Context, m job.Meter) (T, error) {
		result, err := logJob(s.opt.Log, kind, of.VM, work)(ctx, m)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.As(err, new(job.Interrupted)) {
			err = context.Canceled
		}
		return result, err
	})
}
