package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// tidyAdopted brings an adopted VM into the state of one that was started: what
// a lost host process left half done is taken back, and a guest that it had not
// let run yet runs.
func (m *machine) tidyAdopted(ctx context.Context) error {
	if err := m.cleanPointInTime(ctx); err != nil {
		return fmt.Errorf("clear a lost point in time: %w", err)
	}
	m.mu.Lock()
	control := m.qmp
	m.mu.Unlock()
	var status struct {
		Status string `json:"status"`
	}
	if err := control.Do(ctx, "query-status", nil, &status); err != nil {
		return err
	}
	if status.Status == "prelaunch" {
		return control.Do(ctx, "cont", nil, nil)
	}
	m.lookAgain(control)
	return nil
}

// errHostLives says that the host process is there, but does not answer.
var errHostLives = fmt.Errorf("%w, but its host process lives", ErrNotAnswering)

// findOrphan returns the record of a QEMU that runs without its host process.
func findOrphan(dir ondisk.VMDir) (hostRecord, error) {
	if held, _ := ondisk.Held(dir.Lock()); !held {
		return hostRecord{}, ErrNotRunning
	}
	if held, _ := ondisk.Held(dir.HostLock()); held {
		return hostRecord{}, errHostLives
	}
	var rec hostRecord
	if readRecord(dir.Host(), &rec) != nil || !rec.QEMU.alive() {
		return hostRecord{}, ErrNotRunning // a job has the lock
	}
	return rec, nil
}

// StopOrphan ends a QEMU whose host process is gone (see *Orphan): in order
// within grace (0 means DefaultGrace), else by force, or by force at once. It
// returns when the VM's lock is free. ErrNotRunning if there is no such QEMU. A
// host process that lives and does not answer is killed only by force; else it
// is ErrNotAnswering.
func StopOrphan(ctx context.Context, dir ondisk.VMDir, force bool, grace time.Duration) error {
	rec, err := findOrphan(dir)
	if errors.Is(err, errHostLives) && force {
		if err := killHost(ctx, dir); err != nil {
			return err
		}
		rec, err = findOrphan(dir)
	}
	if err != nil {
		return err
	}
	own, err := ondisk.TryLock(dir.HostLock(), "stopping the VM")
	if err != nil {
		return err
	}
	defer own.Close()
	if grace <= 0 {
		grace = DefaultGrace
	}
	e := adoptEngine(rec.QEMU, dir.Lock())
	how, err := endOrphan(ctx, e, qemu.Sockets(rec.Sockets), force, grace)
	if err != nil {
		return err
	}
	defer e.lock.Close()
	m := machine{spec: Spec{Dir: dir, RunDir: filepath.Dir(rec.Sockets)}, paths: qemu.Sockets(rec.Sockets)}
	last := Last{
		Version: recordVersion, Since: rec.Since, Left: time.Now().UTC(),
		How: how + " (its host process was gone)",
	}
	return errors.Join(ondisk.ReplaceJSON(dir.Last(), last), m.sweep())
}

// endOrphan presses the power button, tells QEMU to quit, kills it: each when
// the one before did not help.
func endOrphan(ctx context.Context, e *engine, paths qemu.Sockets, force bool, grace time.Duration) (how string, err error) {
	waitGone := func(limit time.Duration) bool {
		select {
		case <-e.gone:
			return true
		case <-time.After(limit):
		case <-ctx.Done():
		}
		return false
	}
	dial, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	if control, err := qmp.Dial(dial, paths.QMP()); err == nil {
		defer control.Close() //nolint:errcheck // QEMU is gone, or will be
		if !force && control.Do(dial, "system_powerdown", nil, nil) == nil && waitGone(grace) {
			return "stopped on request", nil
		}
		quit, cancel := context.WithTimeout(ctx, quitLimit)
		defer cancel()
		if ctx.Err() == nil && control.Do(quit, "quit", nil, nil) == nil && waitGone(quitLimit) {
			if force {
				return "forced off on request", nil
			}
			return fmt.Sprintf("forced after %v", grace), nil
		}
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err := signalProcess(e.id, unix.SIGKILL); err != nil && !waitGone(quitLimit) {
		return "", fmt.Errorf("end QEMU (process %d): %w", e.id.PID, err)
	}
	if !waitGone(quitLimit) {
		return "", fmt.Errorf("%w: QEMU (process %d) does not die", ErrNotAnswering, e.id.PID)
	}
	return "QEMU was killed", nil
}

// killHost ends a host process that hangs; its QEMU lives on. One without a
// record is beginning or leaving: that is waited for.
func killHost(ctx context.Context, dir ondisk.VMDir) error {
	var rec hostRecord
	if readRecord(dir.Host(), &rec) == nil {
		err := signalProcess(rec.Host, unix.SIGKILL)
		if err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("end the host process (%d): %w", rec.Host.PID, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, quitLimit)
	defer cancel()
	for {
		if held, _ := ondisk.Held(dir.HostLock()); !held {
			return nil
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return fmt.Errorf("%w: its host process does not end", ErrNotAnswering)
		}
	}
}
