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

// A Call is one that is about to be made. Path is the file's, or the program's
// own standard output's.
type Call struct {
	Name string
	Path string
	// Creates tells that an openat may make a new file.
	Creates bool
}

func (c Call) String() string { return c.Name + " " + c.Path }

// Stdout is the path of calls on the standard output.
const Stdout = "standard output"

// A Decision is what becomes of a call; zero lets it be.
type Decision struct {
	Kill bool
	Fail unix.Errno
}

// Program is what to run.
type Program struct {
	Args []string
	Env  []string
	// Out and Err are its standard output and standard error.
	Out, Err *os.File
	// Dir is the folder whose files are meant.
	Dir string
}

// limit is how long a program may take; whoever has not ended then, hangs.
const limit = 5 * time.Minute

// ErrHangs says that a program was killed because it did not come to its end.
var ErrHangs = fmt.Errorf("the program has not ended within %v", limit)

// Run runs a program to its end. decide is asked before each call on the files of
// the folder, each write to standard output, and the end; it gets the number of
// the call, from 1 on. It is called from one goroutine.
func Run(p Program, decide func(n int, c Call) Decision) (syscall.WaitStatus, error) {
	// A tracer is a thread, and only that thread may ask for anything.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	child, err := os.StartProcess(p.Args[0], p.Args, &os.ProcAttr{
		Env: p.Env, Files: []*os.File{nil, p.Out, p.Err}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = child.Release() }()
	t := &tracer{Program: p, pid: child.Pid, decide: decide, threads: map[int]*thread{}}
	watch := time.AfterFunc(limit, func() { _ = child.Kill() })
	status, err := t.trace()
	if !watch.Stop() && err == nil {
		err = ErrHangs
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
	n       int
}

// A thread knows what the call that it is in is to say, 0 if that is up to it.
type thread struct{ fails unix.Errno }

func (t *tracer) trace() (syscall.WaitStatus, error) {
	var status unix.WaitStatus
	if _, err := wait(t.pid, &status); err != nil {
		return 0, err
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.pid, options); err != nil {
		return 0, err
	}
	t.threads[t.pid] = &thread{}
	tid, signal := t.pid, 0
	for {
		// A thread that a kill has hit is gone, and has no more to say.
		if err := unix.PtraceSyscall(tid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, fmt.Errorf("letting thread %d go on: %w", tid, err)
		}
		var err error
		if tid, err = t.nextStop(&status); err != nil || tid == 0 {
			return syscall.WaitStatus(status), err
		}
		if signal, err = t.stopped(tid, status); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, err
		}
	}
}

// nextStop waits for a thread that has stopped; it is 0 when the program has ended.
func (t *tracer) nextStop(status *unix.WaitStatus) (int, error) {
	for {
		tid, err := wait(-1, status)
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

// wait waits for what this thread has started, and for nobody else's children.
func wait(pid int, status *unix.WaitStatus) (int, error) {
	for {
		tid, err := unix.Wait4(pid, status, unix.WALL|unix.WNOTHREAD, nil)
		if !errors.Is(err, unix.EINTR) {
			return tid, err
		}
	}
}

// stopped deals with a thread that has stopped, and returns the signal it is to
// go on with.
func (t *tracer) stopped(tid int, status unix.WaitStatus) (signal int, err error) {
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
		return 0, t.atCall(tid, th)
	case unix.SIGTRAP:
		return 0, nil // a new thread, or the program's own beginning
	default:
		return int(status.StopSignal()), nil
	}
}

func (t *tracer) atCall(tid int, th *thread) error {
	entry, err := atEntry(tid)
	if err != nil || !entry && th.fails == 0 {
		return err
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	if !entry {
		answer(&regs, th.fails)
		th.fails = 0
		return unix.PtraceSetRegs(tid, &regs)
	}
	c, ok := t.call(tid, &regs)
	if !ok {
		return nil
	}
	t.n++
	d := t.decide(t.n, c)
	switch {
	case d.Kill:
		return unix.Kill(t.pid, unix.SIGKILL)
	case d.Fail != 0:
		th.fails = d.Fail
		if c.Name == "close" {
			return nil // which closes, whatever it says
		}
		refuse(&regs)
		return unix.PtraceSetRegs(tid, &regs)
	}
	return nil
}

// atEntry tells the stop before a call from the one after it.
func atEntry(tid int) (bool, error) {
	var info [88]byte // struct ptrace_syscall_info, which begins with what stop it is
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0) //nolint:gosec // what ptrace takes
	if errno != 0 {
		return false, errno
	}
	return info[0] == unix.PTRACE_SYSCALL_INFO_ENTRY, nil
}

// call tells what a thread is about to do, if that is to be decided about.
func (t *tracer) call(tid int, regs *unix.PtraceRegs) (Call, bool) {
	s, ok := table[regs.Orig_rax]
	if !ok {
		return Call{}, false
	}
	args := arguments(regs)
	c := Call{Name: s.name}
	switch {
	case s.always:
		return c, true
	case s.path >= 0:
		c.Path = text(tid, uintptr(args[s.path]))
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

// text reads a path from a thread's memory.
func text(tid int, at uintptr) string {
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
