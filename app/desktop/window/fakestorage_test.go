package window

import (
	"context"
	"slices"
	"time"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/job"
)

// runFakeJob runs a job of ten steps that returns the result of end.
func runFakeJob[T any](f *fakeService, kind job.Kind, vm, name string, end func() (T, error)) *job.Job[T] {
	return job.Run(&f.jobs, kind, job.Subject{VM: vm, Name: name}, func(ctx context.Context, m job.Meter) (result T, err error) {
		m.Phase(job.Compress, 1000<<20)
		for range 10 {
			if f.jobSteps == nil {
				time.Sleep(f.jobPause)
			} else {
				select {
				case <-f.jobSteps:
				case <-ctx.Done():
				}
			}
			if ctx.Err() != nil {
				return result, ctx.Err()
			}
			m.Add(100 << 20)
		}
		f.mu.Lock()
		err = f.fails["job"]
		f.mu.Unlock()
		if err != nil {
			return result, err
		}
		return end()
	})
}

func (f *fakeService) Jobs() []*job.Handle { return f.jobs.Running() }

func (f *fakeService) Doctor(context.Context) []doctor.Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.findings)
}

func (f *fakeService) Storage(context.Context) (app.Storage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := app.Storage{Free: 20 << 30, Total: 100 << 30, ImageBytes: 3 << 30}
	for _, v := range f.vms {
		row := app.VMStorage{VM: v.Name, Disk: v.DiskUsed, Undo: v.UndoUsed, Snapshots: f.snapshots[v.Name]}
		for _, s := range row.Snapshots {
			row.SnapshotBytes += s.FileSize
		}
		all.VMs = append(all.VMs, row)
	}
	return all, f.fails["Storage"]
}

func (f *fakeService) JobHistory(context.Context, int) ([]app.EndedJob, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.history), f.fails["JobHistory"]
}
