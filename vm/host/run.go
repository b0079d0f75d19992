package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
)

// Run is the host process: it runs the VM and returns when the VM is gone and
// last.json says how. report is called exactly once, with nil when the guest
// runs and the API answers, or else with the error that Run returns. When ctx
// ends, or at SIGTERM or SIGINT, the guest is told to power off, and forced
// after Spec.Grace; SIGHUP is ignored.
//
// While the VM runs, so does beside (nil: nothing), on a goroutine of its own.
// Its context ends when the VM begins to stop, or is gone; only once it has
// returned are the VM's locks free. What it writes to log, in whole lines, is in
// host.log.
func Run(ctx context.Context, spec Spec, report func(error), beside Beside) error {
	signal.Ignore(syscall.SIGHUP)
	syscall.Umask(0o077) // QEMU makes sockets of its own
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	runs := false
	err := own(ctx, spec, func() { runs = true; report(nil) }, beside)
	if !runs {
		report(err) // after the locks are free: who is told may try again
	}
	return err
}

// Beside is what a host process does for its VM that this package must not know.
type Beside func(ctx context.Context, log io.Writer)

// own has the VM from its locks to its end; running is called when it runs.
func own(ctx context.Context, spec Spec, running func(), beside Beside) error {
	m, err := prepare(spec)
	if err != nil {
		return err
	}
	defer m.release()
	a, err := m.serveAPI()
	if err != nil {
		return err
	}
	defer a.end()
	if err := m.start(ctx); err != nil {
		return err
	}
	running()
	defer m.runBeside(beside)()
	return m.live(ctx)
}

// runBeside begins what is done while the VM runs; end waits for its end.
func (m *machine) runBeside(beside Beside) (end func()) {
	if beside == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(m.stopping.begun)
	var done sync.WaitGroup
	done.Go(func() { beside(ctx, m.hostLog) })
	return func() {
		cancel()
		done.Wait()
	}
}

// live waits for the VM's end and writes down how it was.
func (m *machine) live(ctx context.Context) error {
	done := ctx.Done()
	for {
		e := m.currentEngine()
		select {
		case <-done:
			done = nil
			m.requestStop(StopRequest{}, "the host process was told to end")
		case <-e.gone:
			m.drain()
			if !m.fallBack(ctx, e) {
				return m.leave(e)
			}
		}
	}
}

// drain waits for what a QEMU that is gone has left in its sockets.
func (m *machine) drain() {
	m.mu.Lock()
	events := m.events
	m.mu.Unlock()
	select {
	case <-events:
	case <-time.After(time.Second):
	}
	m.disconnect()
}

// youth is the time in which a failing accelerator shows.
const youth = 15 * time.Second

// young tells whether the VM has started only now, on other than TCG.
func (m *machine) young() bool {
	s := m.board.get()
	return s.Accelerator != qemu.TCG && time.Since(s.Since) < youth
}

// fallBack starts the VM again when its accelerator has just failed.
func (m *machine) fallBack(ctx context.Context, e *engine) bool {
	accel := m.board.get().Accelerator
	m.starting.Lock()
	defer m.starting.Unlock()
	if m.stopping.isBegun() || !m.young() || !m.worthTCG(accel, e) || !m.makeOwn(e) {
		return false
	}
	m.board.update(EventState, func(s *State) { s.State, s.Reason = Starting, "" })
	return m.boot(ctx, m.instead(accel)) == nil
}

// makeOwn takes what an adopted QEMU that is gone has left, so that another can
// be started as if there had been no adoption.
func (m *machine) makeOwn(e *engine) bool {
	if !m.adopting() {
		return true
	}
	if e.lock == nil || removeFile(m.spec.Dir.Fleece()) != nil {
		return false
	}
	m.lock, m.lost = e.lock, hostRecord{}
	m.board.update(EventState, func(s *State) { s.CPUs, s.MemoryMB = m.spec.CPUs, m.spec.MemoryMB })
	return true
}

// leave writes down how the VM left and clears what only a running VM has.
func (m *machine) leave(e *engine) error {
	if m.adopting() {
		m.lock = e.lock // free by QEMU's end, and ours now
	}
	last := m.howItLeft(e)
	err := ondisk.ReplaceJSON(m.spec.Dir.Last(), last)
	if err == nil {
		err = m.sweep() // host.json stays when nothing else tells of this run
	}
	m.last = last
	m.console.Close()
	m.board.update(EventState, func(s *State) { s.State, s.Reason = Gone, last.How })
	close(m.left)
	if err != nil {
		return fmt.Errorf("write down how VM %q left: %w", m.spec.Name, err)
	}
	return nil
}

func (m *machine) howItLeft(e *engine) Last {
	m.mu.Lock()
	saw := m.seen
	m.mu.Unlock()
	last := Last{Version: recordVersion, Since: m.board.get().Since, Left: time.Now().UTC()}
	forced := m.stopping.howForced()
	switch {
	case saw.byGuest && saw.shutdown == "guest-panic":
		last.How = "the guest's kernel panicked"
	case saw.byGuest:
		last.How, last.Orderly = "powered off by the guest", true
		if m.stopping.isBegun() {
			last.How = "stopped on request"
		}
	case forced != "":
		last.How = forced
	case saw.shutdown == "host-signal":
		last.How = "QEMU was ended by a signal"
	case saw.shutdown != "":
		last.How = "QEMU was told to quit"
	case e.state != nil:
		last.How, last.Detail = "QEMU died: "+e.state.String(), lastLine(e.said.String())
	default:
		last.How = "QEMU died"
	}
	return last
}
