package torture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/app"
	"vmterminal/app/torture/usecase"
	"vmterminal/vm/home"
)

// A liveVM is a store with one VM of the built-in guest, and the program that runs it.
type liveVM struct {
	t       *testing.T
	rng     *rand.Rand
	dir     string
	home    home.Dir
	program string
	svc     *app.Service // runs in this process, on the same store

	round int
	// boot, snapshot and stop are how long these operations take if nothing is killed.
	boot, snapshot, stop time.Duration
}

// liveTimeout is a generous timeout for every operation, as the machine may be busy.
const liveTimeout = 10 * time.Minute

// stopCleanly gives the guest enough time on a busy machine to unmount its disk.
var stopCleanly = []string{"stop", "--grace", "5m"}

// newLiveVM creates the VM, runs it once, measures durations, and stops it. Everything is
// removed at the end of the test.
func newLiveVM(t *testing.T) *liveVM {
	t.Helper()
	dir, err := os.MkdirTemp(workspace, "vmt") // socket paths must be short
	if err != nil {
		t.Fatal(err)
	}
	l := &liveVM{t: t, rng: newRand(t), dir: dir, home: home.Dir(filepath.Join(dir, "home")), program: filepath.Join(dir, "vmt")}
	t.Cleanup(func() { l.cleanUp(); os.RemoveAll(dir) })
	l.build()
	l.svc = app.New(app.Options{Home: l.home, Program: l.program, Version: "torture"})
	l.mustRun("vm", "create", usecase.VM, "--disk-size", "512", "--memory", "160", "--cpus", "1")

	began := time.Now()
	l.mustRun("run", "--detach")
	l.waitForAgent()
	l.boot = time.Since(began)
	l.mustRun("exec", "--", "sh", "-c", "head -c 4000000 /dev/urandom >/root/noise; sync")
	began = time.Now()
	l.mustRun("snapshot", "create", "first")
	l.snapshot = time.Since(began)
	l.mustRun("snapshot", "delete", "first")
	began = time.Now()
	l.mustRun(stopCleanly...)
	l.stop = time.Since(began)
	l.checkOff(true)
	return l
}

// build builds the program without its window, with the race detector.
func (l *liveVM) build() {
	l.t.Helper()
	cmd := exec.Command("go", "build", "-trimpath=false", "-buildvcs=false", "-race", "-tags", "nogui", "-o", l.program, "../..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
}

// command returns a command that uses the store; the caller starts it.
func (l *liveVM) command(args ...string) *exec.Cmd {
	cmd := exec.Command(l.program, args...)
	cmd.Env = []string{
		home.EnvVar + "=" + string(l.home), "PATH=" + os.Getenv("PATH"), "HOME=" + l.dir, "TMPDIR=" + l.dir,
		"LANG=C.UTF-8", "TZ=UTC", "GORACE=atexit_sleep_ms=0 log_path=" + filepath.Join(l.dir, "race"),
	}
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// runningCommand is a command with its output.
type runningCommand struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
}

func (l *liveVM) startCommand(args ...string) *runningCommand {
	l.t.Helper()
	a := &runningCommand{cmd: l.command(args...)}
	a.cmd.Stdout, a.cmd.Stderr = &a.out, &a.errs
	if err := a.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	return a
}

// waitCommand waits for the command to exit.
func (l *liveVM) waitCommand(a *runningCommand) commandResult {
	l.t.Helper()
	hangs := false
	late := time.AfterFunc(liveTimeout, func() { hangs = true; _ = a.cmd.Process.Signal(syscall.SIGQUIT) })
	err := a.cmd.Wait()
	if !late.Stop() || hangs || err != nil && !errors.As(err, new(*exec.ExitError)) {
		l.t.Fatalf("%v hangs: %v\n%s", a.cmd.Args[1:], err, a.errs.String())
	}
	e := newCommandResult(a.cmd.ProcessState.Sys().(syscall.WaitStatus), a.out.String(), a.errs.String())
	for _, bad := range []string{"panic:", "goroutine ", "DATA RACE"} {
		if strings.Contains(e.err, bad) {
			l.t.Errorf("%v printed a panic or a race report:\n%s", a.cmd.Args[1:], e.err)
		}
	}
	if lines := strings.Count(e.err, "vmt: "); !e.killed && e.exit != 0 && lines != 1 {
		l.t.Errorf("%v (exit code %d): got %d error lines, want 1:\n%s", a.cmd.Args[1:], e.exit, lines, e.err)
	}
	return e
}

func (l *liveVM) run(args ...string) commandResult {
	l.t.Helper()
	return l.waitCommand(l.startCommand(args...))
}

func (l *liveVM) mustRun(args ...string) string {
	l.t.Helper()
	e := l.run(args...)
	if e.exit != 0 {
		l.t.Fatalf("%v: got exit code %d, want 0:\n%s%s", args, e.exit, e.err, l.logs())
	}
	return e.out
}

// logs returns the last messages of the supervisor, QEMU and the guest.
func (l *liveVM) logs() string {
	var b strings.Builder
	for _, path := range []string{l.vm().SupervisorLog(), l.vm().Supervisor(), l.vm().LastExit()} {
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Base(path), text[max(0, len(text)-2000):])
	}
	return b.String()
}

func (l *liveVM) vm() home.VMDir { return l.home.VM(usecase.VM) }

// waitUntil polls until the condition is true.
func (l *liveVM) waitUntil(what string, wanted func() bool) {
	l.t.Helper()
	end := time.Now().Add(liveTimeout)
	for !wanted() {
		if time.Now().After(end) {
			l.t.Fatalf("condition not met within %v: %s\n%s", liveTimeout, what, l.logs())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// waitForAgent waits for the guest's agent.
func (l *liveVM) waitForAgent() {
	l.t.Helper()
	l.waitUntil("the guest answers", func() bool { return l.run("exec", "--", "true").exit == 0 })
}

// guest waits for the agent, runs a shell command in the guest, and returns its output.
func (l *liveVM) guest(line string) string {
	l.t.Helper()
	l.waitForAgent()
	return l.mustRun("exec", "--", "sh", "-c", line)
}

// status returns the output of the status command.
func (l *liveVM) status() (s struct{ State string }) {
	l.t.Helper()
	if err := json.Unmarshal([]byte(l.mustRun("status", "--json")), &s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// Processes to kill.
const (
	victimCommand    = "command"
	victimSupervisor = "supervisor"
	victimQEMU       = "QEMU"
	victimBoth       = "supervisor and QEMU"
)

// pids returns the processes of a kind that use the store, judging by their environment. A shell
// that is about to exec QEMU counts as QEMU.
func (l *liveVM) pids(kind string) (pids []int) {
	mark := []byte(home.EnvVar + "=" + string(l.home) + "\x00")
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, environ := range found {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(environ)))
		env, err := os.ReadFile(environ)
		if err != nil || !bytes.Contains(env, mark) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(environ), "cmdline"))
		is := victimCommand
		switch {
		case bytes.Contains(line, []byte("\x00"+app.SupervisorCommand+"\x00")):
			is = victimSupervisor
		case bytes.Contains(line, []byte("qemu-system")):
			is = victimQEMU
		}
		if is == kind {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill kills a process of a kind (two for victimBoth) and reports whether it succeeded.
func (l *liveVM) kill(kind string, a *runningCommand) bool {
	switch kind {
	case victimCommand:
		return a != nil && a.cmd.Process.Kill() == nil
	case victimBoth:
		return l.kill(victimSupervisor, a) && l.kill(victimQEMU, a)
	}
	for _, pid := range l.pids(kind) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			return true
		}
	}
	return false
}

// cleanUp kills every process that is still running, and reports data races.
func (l *liveVM) cleanUp() {
	for _, kind := range []string{victimCommand, victimSupervisor, victimQEMU} {
		for _, pid := range l.pids(kind) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	races, _ := filepath.Glob(filepath.Join(l.dir, "race.*"))
	for _, path := range races {
		text, _ := os.ReadFile(path)
		l.t.Errorf("got a race report:\n%s", text)
	}
}
