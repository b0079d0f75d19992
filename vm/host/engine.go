package host

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/app/ondisk"
)

// engine is one QEMU process: a child of ours, or one taken over.
type engine struct {
	id   processID
	said *lastWords
	// gone is closed when the process has ended; state and lock are set then.
	gone  chan struct{}
	state *os.ProcessState // nil for one taken over
	lock  *ondisk.Lock     // the VM's lock, for one taken over
	kill  func() error
	begin func() error // has one that startEngine made become QEMU
}

// heldBack is a shell that becomes QEMU, as the same process, once a line comes.
// If whoever was to write it has died, it only ends: a QEMU that nobody has
// written down could neither be taken over nor ended.
const heldBack = `read -r line && exec "$@" </dev/null`

// startEngine starts the process that will be QEMU when begin is called, in a
// session of its own, so that no signal to ours reaches it. files become its
// descriptors from 3 on.
func startEngine(binary string, args []string, files []*os.File, log io.Writer) (*engine, error) {
	e := &engine{said: &lastWords{log: log}, gone: make(chan struct{})}
	cmd := exec.Command("/bin/sh", append([]string{"-c", heldBack, "sh", binary}, args...)...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = e.said, e.said
	cmd.ExtraFiles = files
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.WaitDelay = time.Second
	line, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e.kill = cmd.Process.Kill
	e.begin = func() error {
		_, err := io.WriteString(line, "\n")
		return errors.Join(err, line.Close())
	}
	// Before Wait the pid cannot be another's.
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		id = processID{PID: cmd.Process.Pid}
	}
	e.id = id
	go func() {
		_ = cmd.Wait() // what it says is in ProcessState
		e.state = cmd.ProcessState
		close(e.gone)
	}()
	return e, nil
}

// adoptEngine takes over a QEMU that holds the VM's lock. It cannot be waited
// for as a child; its end is that the lock becomes free.
func adoptEngine(id processID, lockPath string) *engine {
	e := &engine{id: id, said: &lastWords{log: io.Discard}, gone: make(chan struct{})}
	e.kill = func() error { return signalProcess(id, unix.SIGKILL) }
	go func() {
		// An error is as good as the lock: its file is gone.
		e.lock, _ = ondisk.WaitLock(lockPath)
		close(e.gone)
	}()
	return e
}

// lastWords passes on what QEMU says and remembers the end of it.
type lastWords struct {
	log io.Writer

	mu   sync.Mutex
	tail []byte
}

// maxWords is how much is remembered, in bytes.
const maxWords = 8 << 10

func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.log.Write(p) // a full disk must not end QEMU
	w.tail = append(w.tail, p...)
	if n := len(w.tail) - maxWords; n > 0 {
		w.tail = append([]byte(nil), w.tail[n:]...)
	}
	return len(p), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.tail)
}
