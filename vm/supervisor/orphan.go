package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

// finishAdoption removes a point in time that the lost supervisor left behind, and starts
// the guest if that supervisor had not started it yet.
func (m *machine) finishAdoption(ctx context.Context) error {
	if err := m.cleanPointInTime(ctx); err != nil {
		return fmt.Errorf("remove a leftover point in time: %w", err)
	}
	control := m.currentQMP()
	if err := m.recoverLazyDisk(ctx, control); err != nil {
		return fmt.Errorf("recover the lazy disk: %w", err)
	}
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

// StopOrphan stops a VM whose supervisor is gone; see [client.Orphan]. It asks the guest to
// power off and forces it off after the time grace (0 means client.DefaultGrace), or at once if
// force is set. StopOrphan returns when the VM's lock is free, or client.ErrNotRunning if there
// is no such VM. If the supervisor exists but does not answer, StopOrphan kills it if
// force is set, and otherwise returns client.ErrNotAnswering.
func StopOrphan(ctx context.Context, dir home.VMDir, force bool, grace time.Duration) error {
	rec, err := client.FindOrphan(dir)
	if errors.Is(err, client.ErrSupervisorAlive) && force {
		if err := killSupervisor(ctx, dir); err != nil {
			return err
		}
		rec, err = client.FindOrphan(dir)
	}
	if err != nil {
		return err
	}
	own, err := durable.TryLock(dir.SupervisorLock(), durable.Activity{Code: client.ActivityStop})
	if err != nil {
		return err
	}
	defer own.Close()
	if grace <= 0 {
		grace = client.DefaultGrace
	}
	disk := openRecordedDisk(dir, rec)
	if disk != nil {
		defer disk.Close()
	}
	e := adoptQEMUProcess(rec.QEMU, dir.Lock())
	reason, err := stopOrphanQEMU(ctx, e, qemu.Sockets(rec.Sockets), force, grace)
	if err != nil {
		return err
	}
	defer e.lock.Close()
	last := client.Last{
		Version: client.RecordVersion, Since: rec.Since, ExitedAt: time.Now().UTC(), ExitReason: reason,
		ReplacedDisk: saveDisk(dir, disk, nil, func(client.StopStep) {}),
	}
	return errors.Join(durable.ReplaceJSON(dir.LastExit(), last), removeRunFiles(dir, filepath.Dir(rec.Sockets), qemu.Sockets(rec.Sockets)))
}

// stopOrphanQEMU presses the power button, then makes QEMU quit, then kills it, until
// QEMU has exited.
func stopOrphanQEMU(ctx context.Context, e *qemuProcess, paths qemu.Sockets, force bool, grace time.Duration) (client.ExitReason, error) {
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
			return client.ExitReason{Code: client.ExitStopped, NoSupervisor: true}, nil
		}
		quit, cancel := context.WithTimeout(ctx, quitTimeout)
		defer cancel()
		if ctx.Err() == nil && control.Do(quit, "quit", nil, nil) == nil && waitExited(quitTimeout) {
			if force {
				return client.ExitReason{Code: client.ExitForced, NoSupervisor: true}, nil
			}
			return client.ExitReason{Code: client.ExitForcedAfter, Grace: grace, NoSupervisor: true}, nil
		}
	}
	if ctx.Err() != nil {
		return client.ExitReason{}, ctx.Err()
	}
	if err := signalProcess(e.id, unix.SIGKILL); err != nil && !waitExited(quitTimeout) {
		return client.ExitReason{}, fmt.Errorf("kill QEMU (pid %d): %w", e.id.PID, err)
	}
	if !waitExited(quitTimeout) {
		return client.ExitReason{}, fmt.Errorf("%w: QEMU (pid %d) could not be killed", client.ErrNotAnswering, e.id.PID)
	}
	return client.ExitReason{Code: client.ExitQEMUKilled, NoSupervisor: true}, nil
}

// killSupervisor kills a supervisor that hangs, but not its QEMU, and waits until it has
// exited. It does not kill a supervisor without a record, which is starting or exiting.
func killSupervisor(ctx context.Context, dir home.VMDir) error {
	var rec client.RunRecord
	if client.ReadRecord(dir.Supervisor(), &rec) == nil {
		err := signalProcess(rec.Supervisor, unix.SIGKILL)
		if err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("kill the supervisor (pid %d): %w", rec.Supervisor.PID, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, quitTimeout)
	defer cancel()
	if client.WaitForExit(ctx, dir) != nil {
		return fmt.Errorf("%w: its supervisor does not exit", client.ErrNotAnswering)
	}
	return nil
}
