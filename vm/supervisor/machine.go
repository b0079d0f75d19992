package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/agent"
	"vmterminal/vm/console"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

// machine is the VM that this process owns.
type machine struct {
	spec           Spec
	sockets        qemu.Sockets
	supervisorLock *durable.Lock    // host.lock
	vmLock         *durable.Lock    // the VM's lock; nil while an adopted QEMU holds it
	lostRecord     client.RunRecord // the record of the QEMU to adopt, if any

	logFile         *supervisorLog
	noteLog         *limitedLog // this process's lines in logFile
	qemuLog         *limitedLog // QEMU's output in logFile
	debugLog        *limitedLog // destination of log; nil without Spec.Debug
	log             *slog.Logger
	consoleLog      *console.Log
	console         *console.Console
	state           *stateBroadcaster
	agent           *agentLink
	shutdown        *shutdown
	pointInTimeSlot chan struct{} // holds a token while no point in time is being read, and the disk is not settling
	lazy            lazyState
	initial         *initialDisk

	consoleServer sync.WaitGroup // serves QEMU's console socket
	startMu       sync.Mutex     // held while QEMU is being started

	mu         sync.Mutex
	process    *qemuProcess
	disk       *os.File // the file that QEMU has open; nil if unknown
	qmp        *qmp.Client
	tracking   writeTracking
	eventsDone chan struct{} // closed when QEMU's last event has been handled
	observed   observedEvents

	exited chan struct{} // closed when the VM has exited and last.json has the reason
	last   client.Last
}

// prepareMachine acquires the locks and removes leftovers of an earlier run. The caller
// must release the machine.
func prepareMachine(spec Spec) (*machine, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	m := &machine{
		spec: spec, log: slog.New(slog.DiscardHandler),
		shutdown: newShutdown(), pointInTimeSlot: make(chan struct{}, 1), exited: make(chan struct{}),
		initial: newInitialDisk(),
	}
	m.pointInTimeSlot <- struct{}{}
	m.lazy.resumed = make(chan struct{}, 1)
	m.state = newStateBroadcaster(client.State{
		Version: apiVersion, Name: spec.Name, State: client.Starting,
		PID: os.Getpid(), CPUs: spec.CPUs, MemoryMB: spec.MemoryMB,
	})
	createVariables := func() error { return createFirmwareVariables(spec) }
	for _, step := range []func() error{m.acquireLocks, m.openLazyDisk, m.findWaitingJob, m.removeLeftovers, m.createSocketDir, m.openLogs, createVariables, m.serveSource} {
		if err := step(); err != nil {
			m.release()
			return nil, err
		}
	}
	m.agent = newAgentLink(m.state, agent.Identity{ID: spec.ID, Hostname: vm.Hostname(spec.Name)}, m.noteLog.writeNote)
	m.agent.shares, m.agent.log = spec.Shares, m.log
	return m, nil
}

func (m *machine) acquireLocks() error {
	var err error
	if m.supervisorLock, err = durable.TryLock(m.spec.Dir.SupervisorLock(), durable.Activity{Code: client.ActivityRun}); err != nil {
		return err
	}
	m.vmLock, err = durable.TryLock(m.spec.Dir.Lock(), durable.Activity{Code: client.ActivityRun})
	switch {
	case !m.spec.Adopt:
		return err
	case err == nil: // QEMU has exited in the meantime
		return client.ErrNotRunning
	case errors.Is(err, durable.ErrLocked) && client.ReadRecord(m.spec.Dir.Supervisor(), &m.lostRecord) == nil && m.lostRecord.QEMU.IsAlive():
		return nil
	}
	return err
}

func (m *machine) isAdopting() bool { return m.vmLock == nil }

// removeLeftovers removes the files of a run that was interrupted, except those that an
// adopted QEMU still uses.
func (m *machine) removeLeftovers() error {
	dir := m.spec.Dir
	if m.isAdopting() {
		return removeTempRecords(dir)
	}
	if _, err := os.Stat(dir.Disk()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", vm.ErrNoDisk, dir.Disk())
	} else if err != nil {
		return err
	}
	if last, err := client.ReadLast(dir); err == nil && last.ExitReason.Code == client.ExitUnrecorded {
		if err := durable.ReplaceJSON(dir.LastExit(), last); err != nil {
			return err
		}
	}
	return removeRunFiles(dir, m.spec.RunDir, m.sockets)
}

// removeRunFiles removes the files that exist only while the VM runs. paths may be "".
// If the store was moved, paths is not one of the folders that SocketDirs returns.
func removeRunFiles(dir home.VMDir, runDir string, paths qemu.Sockets) error {
	errs := []error{removeTempRecords(dir), removeFile(dir.Supervisor()), removeFile(dir.Fleece())}
	for _, s := range append(client.SocketDirs(runDir, dir), paths) {
		if s != "" {
			errs = append(errs, removeSockets(s))
		}
	}
	return errors.Join(errs...)
}

// removeTempRecords removes temporary files that a killed supervisor has left behind.
// The caller must hold host.lock, which protects the records.
func removeTempRecords(dir home.VMDir) error {
	return errors.Join(durable.SweepTempsOf(dir.Supervisor()), durable.SweepTempsOf(dir.LastExit()))
}

// createSocketDir sets m.sockets. The sockets of an adopted QEMU stay where they are.
func (m *machine) createSocketDir() (err error) {
	if _, err := os.Stat(m.lostRecord.Sockets); err == nil && m.isAdopting() {
		m.sockets = qemu.Sockets(m.lostRecord.Sockets)
		return nil
	}
	m.sockets, err = createSocketDir(m.spec.RunDir, m.spec.Dir)
	return err
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (m *machine) openLogs() error {
	dir := m.spec.Dir
	var err error
	if m.logFile, err = openSupervisorLog(dir); err != nil {
		return err
	}
	m.noteLog = newLimitedLog(m.logFile, "VMTerminal")
	m.qemuLog = newLimitedLog(m.logFile, "QEMU")
	if m.spec.Debug {
		m.debugLog = newDebugLog(m.logFile)
		m.log = slog.New(slog.NewTextHandler(m.debugLog, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if f, err := os.OpenFile(dir.SupervisorLog(), os.O_WRONLY|os.O_APPEND, 0); err == nil {
		_ = debug.SetCrashOutput(f, debug.CrashOptions{}) // keeps a descriptor of its own
		f.Close()
	}
	if m.consoleLog, err = console.OpenLog(dir.ConsoleLog(), dir.ConsoleLogOld()); err != nil {
		return err
	}
	m.console = console.New(m.consoleLog)
	if m.isAdopting() {
		// The new output continues what the lost supervisor logged.
		text, err := client.LastConsole(dir, console.RingSize)
		if err != nil {
			return err
		}
		m.console.AddLogged(text)
	}
	return nil
}

// release releases everything that prepare acquired, the locks last.
func (m *machine) release() {
	m.lazy.stop()
	if m.console != nil {
		m.console.Close()
	}
	if m.consoleLog != nil {
		_ = m.consoleLog.Close()
	}
	if m.noteLog != nil {
		m.noteLog.close()
		m.qemuLog.close()
		if m.debugLog != nil {
			m.debugLog.close()
		}
		_ = m.logFile.Close()
	}
	m.setDisk(nil)
	_ = m.vmLock.Close()
	_ = m.supervisorLock.Close()
}

// runQMPCommand runs one QMP command without arguments, with a timeout.
func (m *machine) runQMPCommand(ctx context.Context, timeout time.Duration, name string) error {
	control := m.currentQMP()
	if control == nil {
		return fmt.Errorf("%w: the VM is still starting", client.ErrBusy)
	}
	if name == "cont" || name == "stop" {
		m.lazy.switchMu.Lock()
		defer m.lazy.switchMu.Unlock()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if name == "cont" {
		if err := m.revertSwitch(ctx, control); err != nil {
			return err
		}
	}
	return control.Do(ctx, name, nil, nil)
}

// currentQMP returns the connection to QEMU, or nil while QEMU is not connected.
func (m *machine) currentQMP() *qmp.Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.qmp
}

func (m *machine) currentProcess() *qemuProcess {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process
}
