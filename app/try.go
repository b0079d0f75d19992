package app

import (
	"context"
	"errors"
	"strings"
	"time"
)

// TryName is the name of the snapshot that is taken at t before something is
// tried.
func TryName(t time.Time) string { return "try-" + t.Format("20060102-150405") }

// BeginTry begins the snapshot that a try can be rolled back to, as a job; its
// Result is a Snapshot. The VM must run.
func (s *Service) BeginTry(ctx context.Context, vmName string, args []string) (*Job, error) {
	v, err := s.VM(ctx, vmName)
	if err != nil {
		return nil, err
	}
	if !v.State.Alive() {
		return nil, failed(ErrStopped, unchanged, "try a command in VM '%s'", v.Name)
	}
	const most = 200
	description := Plain(strings.Join(args, " "))
	if len(description) > most {
		description = strings.ToValidUTF8(description[:most], "") + "…"
	}
	return s.CreateSnapshot(ctx, v.Name, NewSnapshot{Name: TryName(s.now().Local()), Description: "Before trying: " + description})
}

// CutTry is the error of a try that ended early, with what stays of it if that was
// because it was cancelled.
func CutTry(vmName string, err error) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return failed(interrupted("cancelled; the snapshot stays, and so does what the command did"), "", "end the try in VM '%s'", vmName)
}

// RollBack begins to bring a running VM back to a snapshot, as a job whose Result
// is a Restored: its power is cut, its disk restored, and it starts again. The
// disk as it was is kept for undo.
func (s *Service) RollBack(ctx context.Context, vmName, snapshotName string, say func(string)) (*Job, error) {
	return s.RestoreSnapshot(ctx, vmName, snapshotName, RestoreOptions{Stop: true, Force: true, Start: true, Say: say})
}
