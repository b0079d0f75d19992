package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/agent"
	"vmterminal/vm/console"
	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
)

// machine is the VM that this process owns.
type machine struct {
	spec  Spec
	paths qemu.Sockets
	own   *ondisk.Lock // host.lock
	lock  *ondisk.Lock // the VM's lock; nil while an adopted QEMU has it
	lost  hostRecord   // of the QEMU to adopt; else zero

	hostLog    *hostLog
	consoleLog *console.Log
	console    *console.Console
	board      *board
	agent      *agentLink
	stopping   *stopping
	slot       chan struct{} // holds a token while no point in time is being read

	serving  sync.WaitGroup // the console's line
	starting sync.Mutex     // held while QEMU is being started

	mu     sync.Mutex
	engine *engine
	qmp    *qmp.Client
	track  tracking
	events chan struct{} // closed when QEMU's last event was seen
	seen   seen

	left chan struct{} // closed when the VM is gone and last.json says how
	last Last
}

// socketsFor is the private folder of one VM's sockets. The VM's own folder may
// have too long a path for a socket.
func socketsFor(runDir string, dir ondisk.VMDir) qemu.Sockets {
	path := string(dir)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(path))
	return qemu.Sockets(filepath.Join(runDir, fmt.Sprintf("%x", sum[:6])))
}

// apiSocket is where a host process answers.
func apiSocket(s qemu.Sockets) string { return filepath.Join(string(s), "api") }

// CheckRunDir returns qemu.ErrPathTooLong for a folder of private sockets in
// which no VM's would fit.
func CheckRunDir(runDir string) error {
	return qemu.CheckSocketPath(socketsFor(runDir, "").Agent()) // the longest of them
}

// Doing is what the holder of a VM's lock says when the VM runs.
const Doing = "running the VM"

// prepare takes the locks and clears what an earlier run left. The machine is
// to be released.
func prepare(spec Spec) (*machine, error) {
	if err := spec.complete(); err != nil {
		return nil, err
	}
	m := &machine{
		spec: spec, paths: socketsFor(spec.RunDir, spec.Dir),
		stopping: newStopping(), slot: make(chan struct{}, 1), left: make(chan struct{}),
	}
	m.slot <- struct{}{}
	m.board = newBoard(State{
		Version: apiVersion, Name: spec.Name, State: Starting,
		PID: os.Getpid(), CPUs: spec.CPUs, MemoryMB: spec.MemoryMB,
	})
	m.agent = newAgentLink(m.board, agent.Identity{ID: spec.ID, Hostname: vm.Hostname(spec.Name)}, m.note)
	m.agent.shares = spec.Shares
	steps := []func() error{m.takeLocks, m.clear, m.openLogs, m.makeVariables}
	for _, step := range steps {
		if err := step(); err != nil {
			m.release()
			return nil, err
		}
	}
	return m, nil
}

func (m *machine) takeLocks() error {
	var err error
	if m.own, err = ondisk.TryLock(m.spec.Dir.HostLock(), Doing); err != nil {
		return err
	}
	m.lock, err = ondisk.TryLock(m.spec.Dir.Lock(), Doing)
	switch {
	case !m.spec.Adopt:
		return err
	case err == nil: // it has left meanwhile, and nobody asked for a new one
		return ErrNotRunning
	case errors.Is(err, ondisk.ErrLocked) && readRecord(m.spec.Dir.Host(), &m.lost) == nil && m.lost.QEMU.alive():
		return nil
	}
	return err
}

func (m *machine) adopting() bool { return m.lock == nil }

// clear removes what a run that could not end in order has left. Both locks
// are ours, or QEMU still uses the files.
func (m *machine) clear() error {
	dir := m.spec.Dir
	if m.adopting() {
		return sweepRecords(dir)
	}
	if _, err := os.Stat(dir.Disk()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", vm.ErrNoDisk, dir.Disk())
	} else if err != nil {
		return err
	}
	if last, err := ReadLast(dir); err == nil && last.How == unrecorded {
		if err := ondisk.ReplaceJSON(dir.Last(), last); err != nil {
			return err
		}
	}
	return m.sweep()
}

// sweep removes the files that exist only while the VM runs.
func (m *machine) sweep() error {
	return errors.Join(
		sweepRecords(m.spec.Dir),
		removeFile(m.spec.Dir.Host()),
		removeFile(m.spec.Dir.Fleece()),
		removeSockets(m.paths),
		removeSockets(socketsFor(m.spec.RunDir, m.spec.Dir)), // differs if the store was moved
	)
}

// removeSockets removes what it knows and nothing else: the folder's name may
// come from a file.
func removeSockets(s qemu.Sockets) error {
	var errs []error
	for _, path := range []string{s.QMP(), s.Console(), s.Agent(), s.NBD(), apiSocket(s), string(s)} {
		errs = append(errs, removeFile(path))
	}
	return errors.Join(errs...)
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
	if m.hostLog, err = openHostLog(dir); err != nil {
		return err
	}
	if f, err := os.OpenFile(dir.HostLog(), os.O_WRONLY|os.O_APPEND, 0); err == nil {
		_ = debug.SetCrashOutput(f, debug.CrashOptions{}) // keeps a descriptor of its own
		f.Close()
	}
	if m.consoleLog, err = console.OpenLog(dir.ConsoleLog(), dir.ConsoleLogOld()); err != nil {
		return err
	}
	m.console = console.New(m.consoleLog)
	if m.adopting() {
		// The text goes on where the lost host process wrote last.
		text, err := LastConsole(dir, console.RingSize)
		if err != nil {
			return err
		}
		m.console.Recall(text)
	}
	return nil
}

// release gives up what prepare took; the locks last.
func (m *machine) release() {
	if m.console != nil {
		m.console.Close()
	}
	if m.consoleLog != nil {
		_ = m.consoleLog.Close()
	}
	if m.hostLog != nil {
		_ = m.hostLog.Close()
	}
	_ = m.lock.Close()
	_ = m.own.Close()
}

// command runs one QMP command with a time limit.
func (m *machine) command(ctx context.Context, limit time.Duration, name string) error {
	m.mu.Lock()
	client := m.qmp
	m.mu.Unlock()
	if client == nil {
		return fmt.Errorf("%w: the VM is still starting", ErrBusy)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return client.Do(ctx, name, nil, nil)
}

func (m *machine) currentEngine() *engine {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.engine
}
