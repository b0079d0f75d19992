package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/vm/supervisor/client"
)

// TryName returns the name of a snapshot that BeginTry takes at t.
func TryName(t time.Time) string { return "try-" + t.Format("20060102-150405") }

// BeginTry starts a job that takes a snapshot before the command args is tried, so that
// RollBack can undo the effects of the command. The VM must be running.
func (s *Service) BeginTry(ctx context.Context, vmName string, args []string) (*job.Job[Snapshot], error) {
	v, err := s.VM(ctx, vmName)
	if err != nil {
		return nil, err
	}
	switch {
	case !v.State.Alive():
		return nil, wrapFailure(ErrStopped, problem.Operation{Code: problem.OpTryRun, VM: v.Name}, problem.DiskUnchanged)
	case v.State == Paused:
		return nil, wrapFailure(client.ErrPaused, problem.Operation{Code: problem.OpTryRun, VM: v.Name}, problem.DiskUnchanged)
	}
	const maxCommand = 200
	command := Plain(strings.Join(args, " "))
	if len(command) > maxCommand {
		command = strings.ToValidUTF8(command[:maxCommand], "") + "…"
	}
	return s.CreateSnapshot(ctx, v.Name, NewSnapshot{Name: TryName(s.now().Local()), Purpose: SnapshotPurpose{Code: PurposeTry, Value: command}})
}

// TryError returns the error of a try that ended early because of err. If the try was canceled,
// the error says what remains.
func TryError(vmName string, err error) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return wrapFailure(job.Interrupted("canceled; the snapshot and the effects of the command remain"), problem.Operation{Code: problem.OpTryEnd, VM: vmName})
}

// RollBack starts a job that restores a running VM to a snapshot: it cuts the VM's power,
// restores its disk and starts it again. The previous disk is kept for undo. The callbacks may
// be nil; see RestoreOptions.
func (s *Service) RollBack(ctx context.Context, vmName, snapshotName string, onWarning func(RestoreWarning), onStop func(StopStep)) (*job.Job[Restored], error) {
	return s.RestoreSnapshot(ctx, vmName, snapshotName, RestoreOptions{Stop: true, Force: true, Start: true, OnWarning: onWarning, OnStop: onStop})
}
