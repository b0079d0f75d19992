package app

import (
	"context"
	"fmt"
	"path"
	"strings"

	"vmterminal/app/guestfiles"
	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// CopyIn starts a job that copies files and folders into the guest of a running VM. The
// destination, to, is a folder in the guest or, for a single file or folder, its new name. A
// folder is merged with an existing one of the same name. All files are first written to a
// staging folder and then moved into place, so that a failed copy changes nothing and programs
// never see partial files.
func (s *Service) CopyIn(ctx context.Context, vmName string, from []string, to string, opt guestfiles.InOptions) (*job.Job[guestfiles.Copied], error) {
	op := problem.Operation{Code: problem.OpCopyIn, VM: vmName}
	total, err := guestfiles.CheckFiles(from, opt.Recursive)
	if err == nil && to == "" {
		err = fmt.Errorf("%w: the destination is missing", guestfiles.ErrCopy)
	}
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCopied)
	}
	return s.copyJob(ctx, vmName, op, summarizePaths(from), func(ctx context.Context, run guestfiles.Runner, m job.Meter) (guestfiles.Copied, error) {
		m.Phase(job.CopyFiles, total)
		return guestfiles.CopyIn(ctx, run, from, to, opt, m)
	})
}

// CopyOut starts a job that copies a file or, with recursive, a folder out of the guest of a
// running VM. The destination, to, is a folder on the host or the new name. A file is replaced
// atomically and durably. A copied folder must not exist yet at the destination; it appears
// there once it is complete. The guest cannot cause writes elsewhere. Permissions respect the
// umask, and some disk space is left free.
func (s *Service) CopyOut(ctx context.Context, vmName, from, to string, recursive bool) (*job.Job[guestfiles.Copied], error) {
	op := problem.Operation{Code: problem.OpCopyOut, VM: vmName}
	from = path.Clean(from)
	to, err := guestfiles.OutTarget(from, to)
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCopied)
	}
	return s.copyJob(ctx, vmName, op, from, func(ctx context.Context, run guestfiles.Runner, m job.Meter) (guestfiles.Copied, error) {
		return guestfiles.CopyOut(ctx, run, from, to, recursive, m)
	})
}

// summarizePaths lists up to three paths; of more, it lists the first and counts the others.
func summarizePaths(paths []string) string {
	if len(paths) > 3 {
		return fmt.Sprintf("%s and %d more", paths[0], len(paths)-1)
	}
	return strings.Join(paths, ", ")
}

// copyJob runs a copy as a job on a running VM's guest, after any other copy on that guest has
// ended. Other processes can list and cancel it.
func (s *Service) copyJob(ctx context.Context, vmName string, op problem.Operation, subject string, work func(context.Context, guestfiles.Runner, job.Meter) (guestfiles.Copied, error)) (*job.Job[guestfiles.Copied], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, op)
	}
	op.VM = e.Name
	vmClient, err := s.connect(ctx, e.Name)
	if err == nil {
		err = waitForAgent(ctx, vmClient)
	}
	if err != nil {
		if vmClient != nil {
			vmClient.Close()
		}
		return nil, wrapFailure(err, op)
	}
	return runJob(s, job.Copy, job.Subject{VM: e.Name, Name: subject}, func(ctx context.Context, m job.Meter) (guestfiles.Copied, error) {
		defer vmClient.Close()
		lock, err := s.lockCopy(ctx, e.Name, durable.Activity{Code: string(op.Code), Name: subject}, m)
		if err != nil {
			return guestfiles.Copied{}, wrapFailure(err, op)
		}
		defer lock.release()
		done, err := work(lock, vmClient.Exec, m)
		if err != nil {
			return guestfiles.Copied{}, wrapFailure(err, op)
		}
		return done, nil
	}), nil
}
