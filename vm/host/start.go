package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/app/ondisk/guard"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// greetLimit is how long QEMU may take to answer; a broken accelerator can
// hang it.
const greetLimit = 30 * time.Second

// start brings the guest up, or takes over the QEMU that is there. On error
// nothing is left of it, but a QEMU that could not be adopted keeps its files.
func (m *machine) start(ctx context.Context) error {
	m.starting.Lock()
	defer m.starting.Unlock()
	var err error
	if m.adopting() {
		err = m.adopt(ctx)
	} else if err = m.bootBest(ctx); err != nil {
		_ = m.sweep()
	}
	if err != nil {
		m.board.update(EventState, func(s *State) { s.State, s.Reason = Gone, err.Error() })
		close(m.left)
	}
	return err
}

// bootBest boots with the best accelerator that works.
func (m *machine) bootBest(ctx context.Context) error {
	accel, err := qemu.Probe(ctx, m.spec.AcceleratorsFile, m.spec.Accel)
	if err != nil {
		return err
	}
	return m.bootOn(ctx, accel)
}

// bootOn boots on an accelerator, or on TCG when that one fails at once and
// none was insisted on.
func (m *machine) bootOn(ctx context.Context, accel qemu.Accelerator) error {
	err := m.boot(ctx, accel)
	var died *earlyEnd
	if errors.As(err, &died) && m.worthTCG(accel.Name, died.engine) {
		err = m.boot(ctx, m.instead(accel.Name))
	}
	return err
}

// worthTCG tells whether an engine that ended should be tried again without
// the hardware's accelerator.
func (m *machine) worthTCG(accel string, e *engine) bool {
	if m.spec.Accel != qemu.Auto || accel == qemu.TCG {
		return false
	}
	m.mu.Lock()
	gaveUp := m.seen.gaveUp // an adopted QEMU's words went to its lost host process
	m.mu.Unlock()
	return gaveUp || qemu.IsAcceleratorFailure(e.said.String(), e.state)
}

// instead is what a VM runs on after failed did, which is not tried again.
func (m *machine) instead(failed string) qemu.Accelerator {
	qemu.Distrust(m.spec.AcceleratorsFile)
	return qemu.Accelerator{Name: qemu.TCG, Why: failed + " failed when the VM started; using emulation"}
}

// earlyEnd is a QEMU that did not come as far as running the guest.
type earlyEnd struct {
	engine *engine
	cause  error
}

func (e *earlyEnd) Error() string {
	if said := lastLine(e.engine.said.String()); said != "" {
		return "QEMU did not start: " + said
	}
	return "QEMU did not start: " + e.cause.Error()
}

func (e *earlyEnd) Unwrap() error { return e.cause }

// lastLine is what QEMU said last, without its name before it.
func lastLine(said string) string {
	said = strings.TrimSpace(said)
	line := strings.TrimSpace(said[strings.LastIndexByte(said, '\n')+1:])
	if name, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(name, "qemu-system") {
		line = rest
	}
	return line[:min(len(line), 500)]
}

// boot starts QEMU and lets the guest run. On error nothing runs.
func (m *machine) boot(ctx context.Context, accel qemu.Accelerator) error {
	e, err := m.spawn(ctx, accel)
	if err != nil {
		return err
	}
	// Written down first: from its first moment on QEMU can be taken over.
	err = m.record(e, accel)
	if err == nil {
		err = e.begin()
	}
	if err == nil {
		err = m.connect(ctx, e)
	}
	if err == nil {
		err = m.command(ctx, greetLimit, "cont")
	}
	if err == nil {
		m.running() // QEMU's event may come after the report
		return nil
	}
	_ = e.kill()
	<-e.gone
	m.disconnect()
	return &earlyEnd{engine: e, cause: err}
}

func (m *machine) spawn(ctx context.Context, accel qemu.Accelerator) (*engine, error) {
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
		Paused: true,
	}.Args()
	if err != nil {
		return nil, err
	}
	listeners, err := qemu.Listen(m.paths)
	if err != nil {
		return nil, err
	}
	defer listeners.Close()
	files := listeners.Files()
	if guard.On(guard.LockInheritance) {
		files = append(files, m.lock.File())
	}
	e, err := startEngine(binary, args, files, m.hostLog)
	if err != nil {
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	return e, nil
}

// connect takes up the lines to QEMU: control, console, agent. They are up
// before the guest runs, so nothing it says is lost.
func (m *machine) connect(ctx context.Context, e *engine) error {
	ctx, cancel := context.WithTimeout(ctx, greetLimit)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-e.gone:
			cancel()
		case <-done:
		}
	}()
	control, err := qmp.Dial(ctx, m.paths.QMP())
	if err != nil {
		return err
	}
	var d net.Dialer
	line, err := d.DialContext(ctx, "unix", m.paths.Console())
	if err != nil {
		_ = control.Close()
		return err
	}
	m.serving.Go(func() { _ = m.console.Serve(line) })
	events := make(chan struct{})
	m.mu.Lock()
	m.engine, m.qmp, m.events, m.seen = e, control, events, seen{}
	m.mu.Unlock()
	go m.follow(control, events)
	m.noteForwards(ctx, control)
	m.agent.connect(m.paths.Agent(), e.gone)
	return nil
}

// disconnect ends the lines to a QEMU that is gone.
func (m *machine) disconnect() {
	m.mu.Lock()
	control := m.qmp
	m.qmp, m.track = nil, tracking{}
	m.mu.Unlock()
	if control != nil {
		_ = control.Close()
	}
	m.agent.close()
	m.serving.Wait() // it ends with QEMU's socket
}

// record says where the running VM is to be found.
func (m *machine) record(e *engine, accel qemu.Accelerator) error {
	now := time.Now().UTC()
	if m.adopting() {
		now = m.lost.Since
	}
	m.board.update(EventState, func(s *State) {
		s.QEMUPID, s.Since = e.id.PID, now
		s.Accelerator, s.Why = accel.Name, accel.Why
	})
	self, err := identify(os.Getpid())
	if err != nil {
		return err
	}
	return ondisk.ReplaceJSON(m.spec.Dir.Host(), hostRecord{
		Version: recordVersion, Host: self, QEMU: e.id, Sockets: string(m.paths), Since: now,
		Accelerator: accel.Name, AcceleratorWhy: accel.Why,
		CPUs: m.board.get().CPUs, MemoryMB: m.board.get().MemoryMB,
	})
}

// adopt takes over a QEMU whose host process is gone.
func (m *machine) adopt(ctx context.Context) error {
	m.paths = qemu.Sockets(m.lost.Sockets)
	m.board.update(EventState, func(s *State) {
		s.CPUs, s.MemoryMB = m.lost.CPUs, m.lost.MemoryMB
	})
	e := adoptEngine(m.lost.QEMU, m.spec.Dir.Lock())
	if err := m.connect(ctx, e); err != nil {
		return fmt.Errorf("%w: take over QEMU (process %d): %w", ErrNotAnswering, e.id.PID, err)
	}
	accel := qemu.Accelerator{Name: m.lost.Accelerator, Why: m.lost.AcceleratorWhy}
	if err := m.record(e, accel); err != nil {
		return err
	}
	return m.tidyAdopted(ctx)
}
