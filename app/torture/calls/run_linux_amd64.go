package calls

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Call is a system call before its execution. Path is the file's path, or Stdout.
type Call struct {
	Name string
	Path string
	// Creates is set for an openat that may create a file.
	Creates bool
}

func (c Call) String() string { return c.Name + " " + c.Path }

// Stdout is the path of calls on the standard output.
const Stdout = "standard output"

// A Decision says how to continue with a call. The zero value lets it proceed.
type Decision struct {
	Kill bool
	Fail unix.Errno
}

// Program is the program to run.
type Program struct {
	Args []string
	Env  []string
	// In, Out and Err are its standard streams; In may be nil.
	In, Out, Err *os.File
	// Dir is the folder whose files are observed.
	Dir string
}

// timeout is how long a program may run.
const timeout = 5 * time.Minute

// ErrTimeout means that a program was killed after the timeout.
var ErrTimeout = fmt.Errorf("the program has not ended within %v", timeout)

// Run runs a program until it exits. From one goroutine, it calls decide before each call on
// the files of the folder, each write to standard output, and the exit. n is the number of
// the call, starting at 1.
func Run(p Program, decide func(n int, c Call) Decision) (syscall.WaitStatus, error) {
	// ptrace requests must come from the tracing thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	child, err := os.StartProcess(p.Args[0], p.Args, &os.ProcAttr{
		Env: p.Env, Files: []*os.File{p.In, p.Out, p.Err}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = child.Release() }()
	t := &tracer{Program: p, pid: child.Pid, decide: decide, threads: map[int]*thread{}}
	watch := time.AfterFunc(timeout, func() { _ = child.Kill() })
	status, err := t.trace()
	if !watch.Stop() && err == nil {
		err = ErrTimeout
	}
	if err != nil {
		_ = child.Kill()
		_, _ = unix.Wait4(child.Pid, nil, unix.WALL, nil)
	}
	return status, err
}

type tracer struct {
	Program
	pid     int
	decide  func(int, Call) Decision
	threads map[int]*thread
	calls   int
}

// A thread holds the forced result of its current call, or 0.
type thread struct{ errno unix.Errno }

func (t *tracer) trace() (syscall.WaitStatus, error) {
	var status unix.WaitStatus
	if _, err := waitThread(t.pid, &status); err != nil {
		return 0, err
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.pid, options); err != nil {
		return 0, err
	}
	t.threads[t.pid] = &thread{}
	tid, signal := t.pid, 0
	for {
		// ESRCH means that the thread was killed.
		if err := unix.PtraceSyscall(tid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, fmt.Errorf("letting thread %d go on: %w", tid, err)
		}
		var err error
		if tid, err = t.nextStop(&status); err != nil || tid == 0 {
			return syscall.WaitStatus(status), err
		}
		if signal, err = t.handleStop(tid, status); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, err
		}
	}
}

// nextStop waits for a stopped thread; it returns 0 when the program has exited.
func (t *tracer) nextStop(status *unix.WaitStatus) (int, error) {
	for {
		tid, err := waitThread(-1, status)
		switch {
		case err != nil:
			return 0, err
		case status.Stopped():
			return tid, nil
		case tid == t.pid:
			return 0, nil
		}
	}
}

// waitThread waits only for children of this thread.
func waitThread(pid int, status *unix.WaitStatus) (int, error) {
	for {
		tid, err := unix.Wait4(pid, status, unix.WALL|unix.WNOTHREAD, nil)
		if !errors.Is(err, unix.EINTR) {
			return tid, err
		}
	}
}

// handleStop handles a stopped thread and returns the signal to continue it with.
func (t *tracer) handleStop(tid int, status unix.WaitStatus) (signal int, err error) {
	th, known := t.threads[tid]
	if !known { // its first stop
		th = &thread{}
		t.threads[tid] = th
		if status.StopSignal() == unix.SIGSTOP {
			return 0, nil
		}
	}
	switch status.StopSignal() {
	case unix.SIGTRAP | 0x80:
		return 0, t.handleCall(tid, th)
	case unix.SIGTRAP:
		return 0, nil // a new thread, or the start of the program
	default:
		return int(status.StopSignal()), nil
	}
}

func (t *tracer) handleCall(tid int, th *thread) error {
	entry, err := isAtEntry(tid)
	if err != nil || !entry && th.errno == 0 {
		return err
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	if !entry {
		regs.Rax = uint64(-int64(th.errno)) // the result of the call
		th.errno = 0
		return unix.PtraceSetRegs(tid, &regs)
	}
	c, ok := t.tracedCall(tid, &regs)
	if !ok {
		return nil
	}
	t.calls++
	d := t.decide(t.calls, c)
	switch {
	case d.Kill:
		return unix.Kill(t.pid, unix.SIGKILL)
	case d.Fail != 0:
		th.errno = d.Fail
		if c.Name == "close" {
			return nil // let it run, as close closes the file even if it fails
		}
		regs.Orig_rax = ^uint64(0) // skips the call
		return unix.PtraceSetRegs(tid, &regs)
	}
	return nil
}

// isAtEntry reports whether the thread has stopped before a call, not after it.
func isAtEntry(tid int) (bool, error) {
	var info [88]byte // struct ptrace_syscall_info, whose first byte is the kind of stop
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0) //nolint:gosec // ptrace takes a pointer
	if errno != 0 {
		return false, errno
	}
	return info[0] == unix.PTRACE_SYSCALL_INFO_ENTRY, nil
}

// tracedCall returns the call that a thread is about to make, if decide must be called for it.
func (t *tracer) tracedCall(tid int, regs *unix.PtraceRegs) (Call, bool) {
	s, ok := callTable[regs.Orig_rax]
	if !ok {
		return Call{}, false
	}
	args := arguments(regs)
	c := Call{Name: s.name}
	switch {
	case s.alwaysTraced:
		return c, true
	case s.path >= 0:
		c.Path = readString(tid, uintptr(args[s.path]))
		c.Creates = s.name == "openat" && args[2]&unix.O_CREAT != 0
	default:
		c.Path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tid, int32(args[s.fd])))
	}
	if c.Path == t.Dir || strings.HasPrefix(c.Path, t.Dir+"/") {
		return c, true
	}
	if s.name == "write" && args[0] == 1 {
		c.Path = Stdout
		return c, true
	}
	return Call{}, false
}

// readString reads a path from a thread's memory.
func readString(tid int, at uintptr) string {
	var b bytes.Buffer
	word := make([]byte, 8)
	for b.Len() < unix.PathMax {
		if _, err := unix.PtracePeekData(tid, at, word); err != nil {
			break
		}
		end := bytes.IndexByte(word, 0)
		if end >= 0 {
			b.Write(word[:end])
			break
		}
		b.Write(word)
		at += uintptr(len(word))
	}
	return b.String()
}
