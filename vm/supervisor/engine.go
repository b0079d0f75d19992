package supervisor

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// qemuProcess is one QEMU process: a child of this process, or an adopted process.
type qemuProcess struct {
	id     client.ProcessID
	output *outputTail
	// exited is closed when QEMU has exited and state or lock has been set.
	exited chan struct{}
	state  *os.ProcessState // nil for an adopted QEMU
	lock   *durable.Lock    // the VM's lock, only for an adopted QEMU
	kill   func() error
	run    func() error // executes QEMU in the process from startEngine
}

// execAfterLine is a shell script that executes QEMU in the same process after it has
// read a line. If the supervisor dies first, the shell just exits: a QEMU without a
// record could be neither adopted nor stopped.
const execAfterLine = `read -r line && exec "$@" </dev/null`

// startQEMUProcess starts a process that executes QEMU when run is called. The process has
// its own session, so that signals to this process group do not reach it. files become
// its descriptors from 3 on.
func startQEMUProcess(binary string, args []string, files []*os.File, log io.Writer) (*qemuProcess, error) {
	e := &qemuProcess{output: &outputTail{log: log}, exited: make(chan struct{})}
	cmd := exec.Command("/bin/sh", append([]string{"-c", execAfterLine, "sh", binary}, args...)...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = e.output, e.output
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
	e.run = func() error {
		_, err := io.WriteString(line, "\n")
		return errors.Join(err, line.Close())
	}
	// The pid cannot be reused before Wait.
	id, err := client.ProcessIDOf(cmd.Process.Pid)
	if err != nil {
		id = client.ProcessID{PID: cmd.Process.Pid}
	}
	e.id = id
	go func() {
		_ = cmd.Wait() // the result is in ProcessState
		e.state = cmd.ProcessState
		close(e.exited)
	}()
	return e, nil
}

// adoptQEMUProcess adopts a QEMU that holds the VM's lock. It is not a child process, so
// its exit is detected by the release of the lock.
func adoptQEMUProcess(id client.ProcessID, lockPath string) *qemuProcess {
	e := &qemuProcess{id: id, output: &outputTail{log: io.Discard}, exited: make(chan struct{})}
	e.kill = func() error { return signalProcess(id, unix.SIGKILL) }
	go func() {
		// On error the lock file is gone, which also means that QEMU has exited.
		e.lock, _ = durable.WaitLock(lockPath)
		close(e.exited)
	}()
	return e
}

// outputTail writes QEMU's output to log and stores its last bytes.
type outputTail struct {
	log io.Writer

	mu   sync.Mutex
	tail []byte
}

// maxOutputTail is how many bytes an outputTail stores.
const maxOutputTail = 8 << 10

func (w *outputTail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.log.Write(p) // a full disk must not stop QEMU
	w.tail = append(w.tail, p...)
	if n := len(w.tail) - maxOutputTail; n > 0 {
		w.tail = append([]byte(nil), w.tail[n:]...)
	}
	return len(p), nil
}

func (w *outputTail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.tail)
}
