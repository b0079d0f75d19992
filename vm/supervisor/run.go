package supervisor

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// Run runs a VM as its supervisor. It returns after the VM has exited and the reason
// has been recorded in last.json. It calls report exactly once: with nil when the guest
// runs and the API answers, otherwise with the error that Run returns. When ctx is
// canceled, or at SIGTERM or SIGINT, Run asks the guest to power off and cuts the
// power after client.DefaultGrace; SIGHUP is ignored.
//
// If background is not nil, it runs on its own goroutine while the VM runs.
func Run(ctx context.Context, spec Spec, report func(error), background BackgroundTask) error {
	signal.Ignore(syscall.SIGHUP)
	syscall.Umask(0o077) // for the sockets that QEMU creates
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	runs := false
	err := runVM(ctx, spec, func() { runs = true; report(nil) }, background)
	if !runs {
		report(err) // after the locks are released, so that the caller may try again
	}
	return err
}

// A BackgroundTask does additional work in the supervisor while the VM runs. ctx is
// canceled when the VM begins to stop or exits; the VM's locks are released only after
// the task has returned. The task writes whole lines for host.log to log, and debug
// messages to debug.
type BackgroundTask func(ctx context.Context, log io.Writer, debug *slog.Logger)

// runVM runs the VM and calls running once the guest runs.
func runVM(ctx context.Context, spec Spec, running func(), background BackgroundTask) error {
	m, err := prepareMachine(spec)
	if err != nil {
		return err
	}
	defer m.release()
	a, err := serveAPI(m)
	if err != nil {
		return err
	}
	defer a.shutDown()
	if err := m.start(ctx); err != nil {
		return err
	}
	m.log.Debug("supervisor ready", "pid", os.Getpid(), "socket", client.APISocket(m.sockets))
	running()
	m.startFilling()
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(m.expireInitialDisk)
	if background != nil {
		ctx, cancel := context.WithCancel(m.shutdown.started)
		defer cancel()
		tasks.Go(func() { background(ctx, m.logFile, m.log) })
	}
	return m.waitForExit(ctx)
}

// waitForExit waits until the VM exits and records the reason.
func (m *machine) waitForExit(ctx context.Context) error {
	done := ctx.Done()
	for {
		e := m.currentProcess()
		select {
		case <-done:
			done = nil
			m.requestStop(client.StopRequest{})
		case <-e.exited:
			m.log.Debug("QEMU exited", "pid", e.id.PID)
			m.disconnectExited()
			if !m.restartWithTCG(ctx, e) {
				return m.recordExit(e)
			}
		}
	}
}

// disconnectExited closes the connections to an exited QEMU after reading its last
// events.
func (m *machine) disconnectExited() {
	m.mu.Lock()
	events := m.eventsDone
	m.mu.Unlock()
	select {
	case <-events:
	case <-time.After(time.Second):
	}
	m.disconnect()
}

// acceleratorFailureWindow is how long after its start a VM is restarted with TCG if
// its accelerator fails.
const acceleratorFailureWindow = 15 * time.Second

// inAcceleratorFailureWindow reports whether the VM has just started, with an
// accelerator other than TCG.
func inAcceleratorFailureWindow(s client.State) bool {
	return s.Accelerator != qemu.TCG && time.Since(s.Since) < acceleratorFailureWindow
}

// restartWithTCG restarts the VM if its accelerator has just failed, and reports
// whether it did.
func (m *machine) restartWithTCG(ctx context.Context, e *qemuProcess) bool {
	m.startMu.Lock()
	defer m.startMu.Unlock()
	m.awaitSwitch()
	now := m.state.get()
	if m.shutdown.isStarted() || !inAcceleratorFailureWindow(now) || !m.shouldRetryWithTCG(now.Accelerator, e) || !m.takeOverLock(e) {
		return false
	}
	m.state.update(client.EventState, func(s *client.State) { s.State, s.PauseReason = client.Starting, client.PauseReason{} })
	return m.boot(ctx, m.fallbackAccelerator(now.Accelerator)) == nil
}

// takeOverLock takes over the lock of an adopted QEMU that has exited, so that this
// process can start the next one. It reports whether that succeeded.
func (m *machine) takeOverLock(e *qemuProcess) bool {
	if !m.isAdopting() {
		return true
	}
	if e.lock == nil || removeFile(m.spec.Dir.Fleece()) != nil {
		return false
	}
	m.vmLock, m.lostRecord = e.lock, client.RunRecord{}
	m.state.update(client.EventState, func(s *client.State) { s.CPUs, s.MemoryMB = m.spec.CPUs, m.spec.MemoryMB })
	return true
}

// recordExit records why the VM exited and removes the files of its run.
func (m *machine) recordExit(e *qemuProcess) error {
	if m.isAdopting() {
		m.vmLock = e.lock // released by QEMU's exit, and acquired by this process
	}
	reason, orderly := m.exitReason(e)
	last := client.Last{
		Version: client.RecordVersion, Since: m.state.get().Since, ExitedAt: time.Now().UTC(), ExitReason: reason, Orderly: orderly,
		ReplacedDisk: saveDisk(m.spec.Dir, m.openDisk(), m.spec.Room, m.shutdown.report),
	}
	if d := last.ReplacedDisk; d.Code != "" {
		m.noteLog.writeNote(fmt.Sprintf("disk.raw was replaced by another file while the VM ran; the guest's disk: %s %s %s", d.Code, d.Path, d.Detail))
	}
	err := durable.ReplaceJSON(m.spec.Dir.LastExit(), last)
	if err == nil {
		err = removeRunFiles(m.spec.Dir, m.spec.RunDir, m.sockets) // otherwise keep host.json, the only record of this run
	}
	m.last = last
	m.console.Close()
	m.state.update(client.EventState, func(s *client.State) { s.State, s.ExitReason = client.Gone, reason })
	close(m.exited)
	if err != nil {
		return fmt.Errorf("record why VM %q exited: %w", m.spec.Name, err)
	}
	return nil
}

// exitReason returns why the VM exited, and whether its guest powered off by itself.
func (m *machine) exitReason(e *qemuProcess) (reason client.ExitReason, orderly bool) {
	m.mu.Lock()
	seen := m.observed
	m.mu.Unlock()
	forced := m.shutdown.forcedReason()
	switch {
	case seen.shutdownByGuest && seen.shutdownReason == "guest-panic":
		return client.ExitReason{Code: client.ExitGuestPanicked}, false
	case seen.shutdownByGuest && m.shutdown.isStarted():
		return client.ExitReason{Code: client.ExitStopped}, true
	case seen.shutdownByGuest:
		return client.ExitReason{Code: client.ExitGuestPoweredOff}, true
	case forced.Code != "":
		return forced, false
	case seen.shutdownReason == "host-signal":
		return client.ExitReason{Code: client.ExitQEMUTerminated}, false
	case seen.shutdownReason != "":
		return client.ExitReason{Code: client.ExitQEMUQuit}, false
	case e.state != nil:
		return crashReason(e.state, lastOutputLine(e.output.String())), false
	default:
		return client.ExitReason{Code: client.ExitQEMUDisappeared}, false
	}
}

// crashReason returns the reason for an exit of QEMU without a SHUTDOWN event.
func crashReason(state *os.ProcessState, lastLine string) client.ExitReason {
	r := client.ExitReason{Code: client.ExitQEMUCrashed, Detail: lastLine}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		r.Signal, r.CoreDumped = status.Signal().String(), status.CoreDump()
	} else {
		r.ExitStatus = state.ExitCode()
	}
	return r
}
