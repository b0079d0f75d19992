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
	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

// A living is a store with one VM of the built-in guest, that runs or does not,
// and the program that runs it.
type living struct {
	t       *testing.T
	rng     *rand.Rand
	dir     string
	home    ondisk.Home
	program string
	svc     *app.Service // of this process, on the same store

	round int
	// boot, snapshot and stop are how long each takes, undisturbed.
	boot, snapshot, stop time.Duration
}

// patience is how long anything may take on a machine that has much else to do.
const patience = time.Minute

// newLiving makes the VM, runs it once, and learns how long things take. It ends
// with the test, and all that runs with it. The VM runs.
func newLiving(t *testing.T) *living {
	t.Helper()
	dir, err := os.MkdirTemp(workspace, "vmt") // paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	l := &living{t: t, rng: random(t), dir: dir, home: ondisk.Home(filepath.Join(dir, "home")), program: filepath.Join(dir, "vmt")}
	t.Cleanup(func() { l.end(); os.RemoveAll(dir) })
	l.build()
	l.svc = app.New(app.Options{Home: l.home, Program: l.program, Version: "torture"})
	l.must("vm", "create", usecase.VM, "--disk-size", "512", "--memory", "160", "--cpus", "1")

	began := time.Now()
	l.must("run", "--detach")
	l.answers()
	l.boot = time.Since(began)
	l.must("exec", "--", "sh", "-c", "head -c 4000000 /dev/urandom >/root/noise; sync")
	began = time.Now()
	l.must("snapshot", "create", "first")
	l.snapshot = time.Since(began)
	l.must("snapshot", "delete", "first")
	began = time.Now()
	l.must("stop")
	l.stop = time.Since(began)
	l.quietWhenOff(true)
	return l
}

// build builds the program without its window, with the race detector.
func (l *living) build() {
	l.t.Helper()
	cmd := exec.Command("go", "build", "-trimpath=false", "-buildvcs=false", "-race", "-tags", "nogui", "-o", l.program, "../..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
}

// command is a command on the store, not started yet.
func (l *living) command(args ...string) *exec.Cmd {
	cmd := exec.Command(l.program, args...)
	cmd.Env = []string{
		ondisk.EnvHome + "=" + string(l.home), "PATH=" + os.Getenv("PATH"), "HOME=" + l.dir, "TMPDIR=" + l.dir,
		"LANG=C.UTF-8", "TZ=UTC", "GORACE=atexit_sleep_ms=0 log_path=" + filepath.Join(l.dir, "race"),
	}
	cmd.WaitDelay = time.Second
	return cmd
}

// An act is a command that goes on.
type act struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
}

func (l *living) begin(args ...string) *act {
	l.t.Helper()
	a := &act{cmd: l.command(args...)}
	a.cmd.Stdout, a.cmd.Stderr = &a.out, &a.errs
	if err := a.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	return a
}

// ended waits for the command's end, which must come.
func (l *living) ended(a *act) ending {
	l.t.Helper()
	hangs := false
	late := time.AfterFunc(patience, func() { hangs = true; _ = a.cmd.Process.Signal(syscall.SIGQUIT) })
	err := a.cmd.Wait()
	if !late.Stop() || hangs || err != nil && !errors.As(err, new(*exec.ExitError)) {
		l.t.Fatalf("%v hangs: %v\n%s", a.cmd.Args[1:], err, a.errs.String())
	}
	e := endingOf(a.cmd.ProcessState.Sys().(syscall.WaitStatus), a.out.String(), a.errs.String())
	for _, bad := range []string{"panic:", "goroutine ", "DATA RACE"} {
		if strings.Contains(e.err, bad) {
			l.t.Errorf("%v said:\n%s", a.cmd.Args[1:], e.err)
		}
	}
	if lines := strings.Count(e.err, "vmterminal: "); !e.killed && e.exit != 0 && lines != 1 {
		l.t.Errorf("%v ended with %d, and not with an error of one line:\n%s", a.cmd.Args[1:], e.exit, e.err)
	}
	return e
}

func (l *living) try(args ...string) ending {
	l.t.Helper()
	return l.ended(l.begin(args...))
}

func (l *living) must(args ...string) string {
	l.t.Helper()
	e := l.try(args...)
	if e.exit != 0 {
		l.t.Fatalf("%v ended with %d:\n%s%s", args, e.exit, e.err, l.logs())
	}
	return e.out
}

// logs is what host process, QEMU and guest said last.
func (l *living) logs() string {
	var b strings.Builder
	for _, path := range []string{l.vm().HostLog(), l.vm().Host(), l.vm().Last()} {
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Base(path), text[max(0, len(text)-2000):])
	}
	return b.String()
}

func (l *living) vm() ondisk.VMDir { return l.home.VM(usecase.VM) }

// until looks again and again until it is as wanted.
func (l *living) until(what string, wanted func() bool) {
	l.t.Helper()
	end := time.Now().Add(patience)
	for !wanted() {
		if time.Now().After(end) {
			l.t.Fatalf("after %v still not: %s\n%s", patience, what, l.logs())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// answers waits for the guest's agent, which must come.
func (l *living) answers() {
	l.t.Helper()
	l.until("the guest answers", func() bool { return l.try("exec", "--", "true").exit == 0 })
}

// guest runs a line of shell in the guest, whose agent answers or will soon.
func (l *living) guest(line string) string {
	l.t.Helper()
	l.answers()
	return l.must("exec", "--", "sh", "-c", line)
}

// status is what the command says.
func (l *living) status() (s struct{ State, Left string }) {
	l.t.Helper()
	if err := json.Unmarshal([]byte(l.must("status", "--json")), &s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// Who is killed.
const (
	theCommand = "command"
	theHost    = "host process"
	theQEMU    = "QEMU"
	bothOfThem = "host process and QEMU"
)

// pids are those of a kind that run on the store, by their environment: nobody
// else has its path. A shell that will be QEMU counts as QEMU.
func (l *living) pids(kind string) (pids []int) {
	mark := []byte(ondisk.EnvHome + "=" + string(l.home) + "\x00")
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, environ := range found {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(environ)))
		env, err := os.ReadFile(environ)
		if err != nil || !bytes.Contains(env, mark) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(environ), "cmdline"))
		is := theCommand
		switch {
		case bytes.Contains(line, []byte("\x00"+app.HostCommand+"\x00")):
			is = theHost
		case bytes.Contains(line, []byte("qemu-system")):
			is = theQEMU
		}
		if is == kind {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill kills one of a kind, and tells whether it hit a live process.
func (l *living) kill(kind string, a *act) bool {
	switch kind {
	case theCommand:
		return a != nil && a.cmd.Process.Kill() == nil
	case bothOfThem:
		return l.kill(theHost, a) && l.kill(theQEMU, a)
	}
	for _, pid := range l.pids(kind) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			return true
		}
	}
	return false
}

// end ends whatever still runs, also after a failure.
func (l *living) end() {
	for _, kind := range []string{theCommand, theHost, theQEMU} {
		for _, pid := range l.pids(kind) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	races, _ := filepath.Glob(filepath.Join(l.dir, "race.*"))
	for _, path := range races {
		text, _ := os.ReadFile(path)
		l.t.Errorf("%s", text)
	}
}
