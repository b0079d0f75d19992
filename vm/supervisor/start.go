package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

// qemuConnectTimeout is how long QEMU may take to answer after its start. A broken
// accelerator can make it hang.
const qemuConnectTimeout = 30 * time.Second

// start boots the guest or adopts a running QEMU. After an error it removes the files
// of the run, except those of a QEMU that could not be adopted.
func (m *machine) start(ctx context.Context) error {
	m.startMu.Lock()
	defer m.startMu.Unlock()
	var err error
	if m.isAdopting() {
		err = m.adoptQEMU(ctx)
	} else if err = m.bootWithBestAccelerator(ctx); err != nil {
		_ = removeRunFiles(m.spec.Dir, m.spec.RunDir, m.sockets)
	}
	m.initial.decide(err)
	if err != nil {
		m.state.update(client.EventState, func(s *client.State) { s.State = client.Gone })
		close(m.exited)
	}
	return err
}

// bootWithBestAccelerator boots with the best accelerator that works.
func (m *machine) bootWithBestAccelerator(ctx context.Context) error {
	start := time.Now()
	accel, err := qemu.Probe(ctx, m.spec.AcceleratorsFile, m.spec.Accel)
	if err != nil {
		return err
	}
	m.log.Debug("accelerator selected", "accelerator", accel.Name, "duration", time.Since(start))
	return m.bootWithAccelerator(ctx, accel)
}

// bootWithAccelerator boots with accel, or with TCG if accel fails at once and the spec does not
// require a particular accelerator.
func (m *machine) bootWithAccelerator(ctx context.Context, accel qemu.Accelerator) error {
	err := m.boot(ctx, accel)
	var failed *startError
	if errors.As(err, &failed) && m.shouldRetryWithTCG(accel.Name, failed.engine) {
		err = m.boot(ctx, m.fallbackAccelerator(accel.Name))
	}
	return err
}

// shouldRetryWithTCG reports whether QEMU exited because its accelerator failed, and
// may be started again with TCG.
func (m *machine) shouldRetryWithTCG(accel string, e *qemuProcess) bool {
	if m.spec.Accel != qemu.Auto || accel == qemu.TCG {
		return false
	}
	m.mu.Lock()
	failed := m.observed.acceleratorFailed // the output of an adopted QEMU went to its lost supervisor
	m.mu.Unlock()
	return failed || qemu.IsAcceleratorFailure(e.output.String(), e.state)
}

// fallbackAccelerator returns TCG, and marks the failed accelerator so that it is
// not used again.
func (m *machine) fallbackAccelerator(failed string) qemu.Accelerator {
	qemu.RecordHardwareFailure(m.spec.AcceleratorsFile)
	m.log.Debug("accelerator failed; falling back", "failed", failed, "accelerator", qemu.TCG)
	return qemu.Accelerator{Name: qemu.TCG, Reason: qemu.ReasonFailed}
}

// startError is the error of a QEMU that failed before the guest ran.
type startError struct {
	engine *qemuProcess
	cause  error
}

func (e *startError) Error() string {
	if line := lastOutputLine(e.engine.output.String()); line != "" {
		return "QEMU did not start: " + line
	}
	return "QEMU did not start: " + e.cause.Error()
}

func (e *startError) Unwrap() error { return e.cause }

// lastOutputLine returns the last line of QEMU's output without the program name
// before it.
func lastOutputLine(output string) string {
	output = strings.TrimSpace(output)
	line := strings.TrimSpace(output[strings.LastIndexByte(output, '\n')+1:])
	if name, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(name, "qemu-system") {
		line = rest
	}
	return line[:min(len(line), 500)]
}

// boot starts QEMU and runs the guest. After an error, QEMU is not running.
func (m *machine) boot(ctx context.Context, accel qemu.Accelerator) error {
	start := time.Now()
	e, err := m.startQEMU(ctx, accel)
	if err != nil {
		return err
	}
	// The record comes first, so that QEMU can be adopted from its start.
	err = m.writeRecord(e, accel)
	if err == nil {
		err = e.run()
	}
	if err == nil {
		err = m.connect(ctx, e)
	}
	if err == nil {
		m.trackFromStart(ctx)
		m.preserveInitialDisk(ctx)
		err = m.runQMPCommand(ctx, qemuConnectTimeout, "cont")
	}
	m.log.Debug("start QEMU", "accelerator", accel.Name, "pid", e.id.PID, "duration", time.Since(start), "started", err == nil)
	if err == nil {
		m.state.setRunning() // QEMU's event may arrive after the report
		return nil
	}
	_ = e.kill()
	<-e.exited
	m.disconnect()
	if qemu.IsMemoryFailure(e.output.String()) {
		return fmt.Errorf("%w for a guest with %d MB", qemu.ErrNoMemory, m.spec.MemoryMB)
	}
	return &startError{engine: e, cause: err}
}

func (m *machine) startQEMU(ctx context.Context, accel qemu.Accelerator) (*qemuProcess, error) {
	binary, _, err := qemu.Find()
	if err != nil {
		return nil, err
	}
	s := m.spec
	if err := checkShares(ctx, binary, s.Shares); err != nil {
		return nil, err
	}
	if err := checkPorts(s.Forwards); err != nil {
		return nil, err
	}
	firmware := qemu.Firmware{Code: s.Firmware.Code}
	if firmware.Code != "" {
		firmware.Variables = s.Dir.Firmware()
	}
	args, err := qemu.Machine{
		Name: s.Name, Accel: accel.Name, CPUs: s.CPUs, MemoryMB: s.MemoryMB, Disk: s.Dir.Disk(), Seed: s.Seed,
		Kernel: s.Kernel, Append: s.Append, MAC: s.MAC, Isolated: s.Isolated, Forwards: s.Forwards,
		Shares: qemuShares(s.Shares), Firmware: firmware,
		Lazy: m.lazyArgs(), Paused: true,
	}.Args()
	if err != nil {
		return nil, err
	}
	disk, err := os.Open(s.Dir.Disk())
	if err != nil {
		return nil, err
	}
	m.setDisk(disk)
	if err := m.loadOverlay(); err != nil {
		return nil, err
	}
	listeners, err := qemu.Listen(m.sockets)
	if err != nil {
		return nil, err
	}
	defer listeners.Close()
	files := listeners.Files()
	if guard.On(guard.LockInheritance) {
		files = append(files, m.vmLock.File())
	}
	e, err := startQEMUProcess(binary, args, files, m.qemuLog)
	if err != nil {
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	return e, nil
}

// connect connects to QEMU's QMP, console and agent sockets. This happens before the
// guest runs, so that no output is lost.
func (m *machine) connect(ctx context.Context, e *qemuProcess) error {
	ctx, cancel := context.WithTimeout(ctx, qemuConnectTimeout)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-e.exited:
			cancel()
		case <-done:
		}
	}()
	control, err := qmp.Dial(ctx, m.sockets.QMP(), m.log)
	if err != nil {
		return err
	}
	var d net.Dialer
	tty, err := d.DialContext(ctx, "unix", m.sockets.Console())
	if err != nil {
		_ = control.Close()
		return err
	}
	m.consoleServer.Go(func() { _ = m.console.Serve(tty) })
	events := make(chan struct{})
	m.mu.Lock()
	m.process, m.qmp, m.eventsDone, m.observed = e, control, events, observedEvents{}
	m.mu.Unlock()
	go m.watchEvents(control, events) //nolint:gosec // it runs as long as QEMU, not until ctx is canceled
	m.refreshForwards(ctx, control)
	m.agent.connect(m.sockets.Agent(), e.exited)
	return nil
}

// disconnect closes the connections to a QEMU that has exited.
func (m *machine) disconnect() {
	m.mu.Lock()
	control := m.qmp
	m.qmp, m.tracking = nil, writeTracking{}
	m.mu.Unlock()
	if control != nil {
		_ = control.Close()
	}
	m.agent.close()
	m.consoleServer.Wait() // it returns when QEMU's socket is closed
}

// writeRecord writes host.json.
func (m *machine) writeRecord(e *qemuProcess, accel qemu.Accelerator) error {
	now := time.Now().UTC()
	if m.isAdopting() {
		now = m.lostRecord.Since
	}
	m.state.update(client.EventState, func(s *client.State) {
		s.QEMUPID, s.Since = e.id.PID, now
		s.Accelerator, s.AcceleratorReason, s.AcceleratorText = accel.Name, accel.Reason, m.lostRecord.AcceleratorText
	})
	self, err := client.ProcessIDOf(os.Getpid())
	if err != nil {
		return err
	}
	return durable.ReplaceJSON(m.spec.Dir.Supervisor(), client.RunRecord{
		Version: client.RecordVersion, Supervisor: self, QEMU: e.id, Sockets: string(m.sockets), Since: now,
		Accelerator: accel.Name, AcceleratorReason: accel.Reason, AcceleratorText: m.lostRecord.AcceleratorText,
		CPUs: m.state.get().CPUs, MemoryMB: m.state.get().MemoryMB,
		DiskInode: inodeOf(m.openDisk()),
	})
}

// adoptQEMU takes over a QEMU whose supervisor is gone.
func (m *machine) adoptQEMU(ctx context.Context) error {
	m.sockets = qemu.Sockets(m.lostRecord.Sockets)
	m.state.update(client.EventState, func(s *client.State) {
		s.CPUs, s.MemoryMB = m.lostRecord.CPUs, m.lostRecord.MemoryMB
	})
	m.setDisk(openRecordedDisk(m.spec.Dir, m.lostRecord))
	e := adoptQEMUProcess(m.lostRecord.QEMU, m.spec.Dir.Lock())
	m.log.Debug("adopt QEMU", "pid", e.id.PID)
	if err := m.connect(ctx, e); err != nil {
		return fmt.Errorf("%w: adopt QEMU (pid %d): %w", client.ErrNotAnswering, e.id.PID, err)
	}
	accel := qemu.Accelerator{Name: m.lostRecord.Accelerator, Reason: m.lostRecord.AcceleratorReason}
	if err := m.writeRecord(e, accel); err != nil {
		return err
	}
	return m.finishAdoption(ctx)
}
