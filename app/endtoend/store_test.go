package endtoend

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stateTimeout bounds the wait for a state, also of an emulated guest on a busy machine.
const stateTimeout = 10 * time.Minute

// waitUntil polls until wanted returns true, and fails the test after a timeout. The text what
// describes the wanted state.
func waitUntil(t testing.TB, what string, wanted func() bool) {
	t.Helper()
	if !pollUntil(stateTimeout, wanted) {
		t.Fatalf("timed out after %s waiting until %s", stateTimeout, what)
	}
}

// pollUntil polls until wanted returns true, and reports whether that happened in time.
func pollUntil(limit time.Duration, wanted func() bool) bool {
	end := time.After(limit)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if wanted() {
			return true
		}
		select {
		case <-again.C:
		case <-end:
			return wanted()
		}
	}
}

// store is a separate store for a test. When the test ends, its processes are stopped and it is
// deleted.
type store struct {
	t    testing.TB
	home string
	env  []string
}

func newStore(t testing.TB) *store {
	t.Helper()
	if err := trackSources(); err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: socket paths must be short.
	dir, err := os.MkdirTemp("", "vmt")
	if err != nil {
		t.Fatal(err)
	}
	s := &store{t: t, home: filepath.Join(dir, "store")}
	runtimeDir, userHome := filepath.Join(dir, "run"), filepath.Join(dir, "userHome")
	for _, d := range []string{runtimeDir, filepath.Join(userHome, ".cache")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(baseEnv(),
		"VMTERMINAL_HOME="+s.home, "HOME="+userHome, "XDG_RUNTIME_DIR="+runtimeDir, "TMPDIR="+dir,
		"TZ=UTC", "LANG=C.UTF-8", "LANGUAGE=en", "TERM=xterm-256color", "DBUS_SESSION_BUS_ADDRESS=disabled:")
	t.Cleanup(func() {
		s.stopAll()
		os.RemoveAll(dir)
	})
	return s
}

// baseEnv returns the environment without the variables of the desktop session and the locale.
func baseEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if name != "DISPLAY" && !strings.HasPrefix(name, "WAYLAND_") && !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "LC_") {
			env = append(env, e)
		}
	}
	return env
}

// outcome is a command's output and exit code.
type outcome struct {
	out, stderr string
	code        int
}

// command returns a vmt command on this store, not yet started.
func (s *store) command(args ...string) *exec.Cmd {
	cmd := exec.Command(vmt, args...)
	cmd.Env = s.env
	return cmd
}

// run runs a command without a terminal.
func (s *store) run(args ...string) outcome {
	s.t.Helper()
	var out, stderr bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := runWithTimeout(cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("%v: %v", args, err)
	}
	return outcome{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// runWithTimeout runs a command and terminates it after a timeout.
func runWithTimeout(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	late := time.AfterFunc(stateTimeout, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer late.Stop()
	return cmd.Wait()
}

// mustRun runs a command that must succeed.
func (s *store) mustRun(args ...string) outcome {
	s.t.Helper()
	o := s.run(args...)
	if o.code != 0 {
		s.t.Fatalf("%v: got exit code %d, want 0:\n%s%s%s", args, o.code, o.out, o.stderr, s.consoleLogs())
	}
	return o
}

// state holds the fields of status --json that the tests use.
type state struct {
	State, Accelerator string
	Since              time.Time
	Agent              bool
	Folder             string
}

// status returns the active VM's status.
func (s *store) status() state {
	s.t.Helper()
	var v state
	s.decodeJSON(s.mustRun("status", "--json").out, &v)
	return v
}

func (s *store) decodeJSON(text string, v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		s.t.Fatalf("decode JSON: %v in %q", err, text)
	}
}

// snapshots returns the names of a VM's snapshots, newest first, or none if the VM does not
// exist yet.
func (s *store) snapshots(vm string) []string {
	s.t.Helper()
	var list struct{ Snapshots []struct{ Name string } }
	o := s.run("snapshot", "list", "--vm", vm, "--json")
	s.decodeJSON(o.out, &list)
	var names []string
	for _, row := range list.Snapshots {
		names = append(names, row.Name)
	}
	return names
}

// vmDir returns a VM's folder.
func (s *store) vmDir(vm string) string { return filepath.Join(s.home, "data", vm) }

func (s *store) diskPath(vm string) string { return filepath.Join(s.vmDir(vm), "disk.raw") }

// waitForAgent waits until a guest's agent responds.
func (s *store) waitForAgent(vm string) {
	s.t.Helper()
	began := time.Now()
	waitUntil(s.t, "the guest of "+vm+" responds", func() bool { return s.run("exec", "--vm", vm, "--", "true").code == 0 })
	s.t.Logf("the guest of %s responded after another %s", vm, roundedSince(began))
}

// runInGuest runs a shell command in a VM's guest and returns its output.
func (s *store) runInGuest(vm, line string) string {
	s.t.Helper()
	return s.mustRun("exec", "--vm", vm, "--", "sh", "-c", line).out
}

// consoleLogs returns the ends of all log files, including the guests' consoles, for failure
// messages.
func (s *store) consoleLogs() string {
	var text strings.Builder
	logs, _ := filepath.Glob(filepath.Join(s.home, "data", "*", "*.log"))
	for _, log := range logs {
		b, _ := os.ReadFile(log)
		text.WriteString("\n--- " + log + "\n" + strconv.Quote(string(b[max(0, len(b)-2000):])))
	}
	return text.String()
}

// stopAll stops all VMs in this store and kills any other processes that use it.
func (s *store) stopAll() {
	var list struct {
		VMs []struct{ Name, State string }
	}
	if o := s.run("vm", "list", "--json"); json.Unmarshal([]byte(o.out), &list) == nil {
		for _, v := range list.VMs {
			if v.State != "stopped" {
				s.run("stop", "--force", "--vm", v.Name)
			}
		}
	}
	if pollUntil(time.Minute, func() bool { return len(s.listProcesses()) == 0 }) {
		return
	}
	for _, pid := range s.listProcesses() {
		line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		s.t.Errorf("process %d is still running: %s", pid, bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.t.Error(err)
		}
	}
}

// listProcesses returns the IDs of the processes whose environment names this store or another one
// in the same folder.
func (s *store) listProcesses() []int {
	var pids []int
	mark := []byte("VMTERMINAL_HOME=" + filepath.Dir(s.home) + "/")
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, environ := range found {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(environ)))
		b, err := os.ReadFile(environ)
		if err == nil && pid != os.Getpid() && bytes.Contains(b, mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func roundedSince(since time.Time) time.Duration {
	return time.Since(since).Round(10 * time.Millisecond)
}
