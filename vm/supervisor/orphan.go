package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// finishAdoption removes a point in time that the lost supervisor left behind, and starts
// the guest if that supervisor had not started it yet.
func (m *machine) finishAdoption(ctx context.Context) error {
	if err := m.cleanPointInTime(ctx); err != nil {
		return fmt.Errorf("remove a leftover point in time: %w", err)
	}
	control := m.currentQMP()
	var status struct {
		Status string `json:"status"`
	}
	if err := control.Do(ctx, "query-status", nil, &status); err != nil {
		return err
	}
	if status.Status == "prelaunch" {
		return control.Do(ctx, "cont", nil, nil)
	}
	m.refreshState(control)
	return nil
}

// errSupervisorAlive means that the supervisor exists but does not answer.
var errSupervisorAlive = fmt.Errorf("%w, but its supervisor is running", ErrNotAnswering)

// findOrphan returns the record of a QEMU that runs without its supervisor.
func findOrphan(dir home.VMDir) (runRecord, error) {
	held, by, lockErr := durable.QueryLock(dir.Lock())
	hostHeld, _, hostErr := durable.QueryLock(dir.SupervisorLock())
	var rec runRecord
	readErr := readRecord(dir.Supervisor(), &rec)
	if lockErr != nil || held && (by.PID == 0 || IsRunningVM(by)) { // not held by a job
		for _, err := range []error{lockErr, hostErr, readErr} {
			if errors.Is(err, fs.ErrPermission) {
				return runRecord{}, fmt.Errorf("%w: %w", ErrOtherUser, err)
			}
		}
	}
	switch {
	case !held:
		return runRecord{}, ErrNotRunning
	case hostHeld:
		return runRecord{}, errSupervisorAlive
	case readErr != nil || !rec.QEMU.isAlive():
		return runRecord{}, ErrNotRunning // a job holds the lock
	}
	return rec, nil
}

// StopOrphan stops a VM whose supervisor is gone; see [Orphan]. It asks the guest to
// power off and forces it off after the time grace (0 means DefaultGrace), or at once if
// force is set. StopOrphan returns when the VM's lock is free, or ErrNotRunning if there
// is no such VM. If the supervisor exists but does not answer, StopOrphan kills it if
// force is set, and otherwise returns ErrNotAnswering.
func StopOrphan(ctx context.Context, dir home.VMDir, force bool, grace time.Duration) error {
	rec, err := findOrphan(dir)
	if errors.Is(err, errSupervisorAlive) && force {
		if err := killSupervisor(ctx, dir); err != nil {
			return err
		}
		rec, err = findOrphan(dir)
	}
	if err != nil {
		return err
	}
	own, err := durable.TryLock(dir.SupervisorLock(), durable.Activity{Code: ActivityStop})
	if err != nil {
		return err
	}
	defer own.Close()
	if grace <= 0 {
		grace = DefaultGrace
	}
	disk := openRecordedDisk(rec)
	if disk != nil {
		defer disk.Close()
	}
	e := adoptEngine(rec.QEMU, dir.Lock())
	reason, err := stopOrphanQEMU(ctx, e, qemu.Sockets(rec.Sockets), force, grace)
	if err != nil {
		return err
	}
	defer e.lock.Close()
	last := Last{
		Version: recordVersion, Since: rec.Since, ExitedAt: time.Now().UTC(), ExitReason: reason,
		ReplacedDisk: saveDisk(dir, disk, nil, func(StopStep) {}),
	}
	return errors.Join(durable.ReplaceJSON(dir.LastExit(), last), removeRunFiles(dir, filepath.Dir(rec.Sockets), qemu.Sockets(rec.Sockets)))
}

// stopOrphanQEMU presses the power button, then makes QEMU quit, then kills it, until
// QEMU has exited.
func stopOrphanQEMU(ctx context.Context, e *engine, paths qemu.Sockets, force bool, grace time.Duration) (ExitReason, error) {
	waitExited := func(timeout time.Duration) bool {
		select {
		case <-e.exited:
			return true
		case <-time.After(timeout):
		case <-ctx.Done():
		}
		return false
	}
	dial, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if control, err := qmp.Dial(dial, paths.QMP(), nil); err == nil {
		defer control.Close() //nolint:errcheck // QEMU is gone, or will be
		if !force && control.Do(dial, "system_powerdown", nil, nil) == nil && waitExited(grace) {
			return ExitReason{Code: ExitStopped, NoSupervisor: true}, nil
		}
		quit, cancel := context.WithTimeout(ctx, quitTimeout)
		defer cancel()
		if ctx.Err() == nil && control.Do(quit, "quit", nil, nil) == nil && waitExited(quitTimeout) {
			if force {
				return ExitReason{Code: ExitForced, NoSupervisor: true}, nil
			}
			return ExitReason{Code: ExitForcedAfter, Grace: grace, NoSupervisor: true}, nil
		}
	}
	if ctx.Err() != nil {
		return ExitReason{}, ctx.Err()
	}
	if err := signalProcess(e.id, unix.SIGKILL); err != nil && !waitExited(quitTimeout) {
		return ExitReason{}, fmt.Errorf("kill QEMU (pid %d): %w", e.id.PID, err)
	}
	if !waitExited(quitTimeout) {
		return ExitReason{}, fmt.Errorf("%w: QEMU (pid %d) could not be killed", ErrNotAnswering, e.id.PID)
	}
	return ExitReason{Code: ExitQEMUKilled, NoSupervisor: true}, nil
}

// killSupervisor kills a supervisor that hangs, but not its QEMU, and waits until it has
// exited. It does not kill a supervisor without a record, which is starting or exiting.
func killSupervisor(ctx context.Context, dir home.VMDir) error {
	var rec runRecord
	if readRecord(dir.Supervisor(), &rec) == nil {
		err := signalProcess(rec.Supervisor, unix.SIGKILL)
		if err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("kill the supervisor (pid %d): %w", rec.Supervisor.PID, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, quitTimeout)
	defer cancel()
	if WaitForExit(ctx, dir) != nil {
		return fmt.Errorf("%w: its supervisor does not exit", ErrNotAnswering)
	}
	return nil
}
