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

// patience is how long a state may take to come about on a slow machine with
// an emulated guest.
const patience = 2 * time.Minute

// until looks at the world until it is as wanted, and fails the test when that
// takes too long.
func until(t testing.TB, what string, wanted func() bool) {
	t.Helper()
	if !within(patience, wanted) {
		t.Fatalf("after %s still not: %s", patience, what)
	}
}

// within looks at the world until it is as wanted, and tells whether it came to
// be in time.
func within(limit time.Duration, wanted func() bool) bool {
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

// store is a store of the test's own. It ends with the test, and with it all
// that runs on it.
type store struct {
	t    testing.TB
	home string
	env  []string
}

func newStore(t testing.TB) *store {
	t.Helper()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: paths of sockets are short.
	dir, err := os.MkdirTemp("", "vmt")
	if err != nil {
		t.Fatal(err)
	}
	s := &store{t: t, home: filepath.Join(dir, "store")}
	runtimeDir, person := filepath.Join(dir, "run"), filepath.Join(dir, "person")
	for _, d := range []string{runtimeDir, filepath.Join(person, ".cache")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(bare(),
		"VMTERMINAL_HOME="+s.home, "HOME="+person, "XDG_RUNTIME_DIR="+runtimeDir, "TMPDIR="+dir,
		"TZ=UTC", "LANG=C.UTF-8", "LANGUAGE=en", "TERM=xterm-256color", "DBUS_SESSION_BUS_ADDRESS=disabled:")
	t.Cleanup(func() {
		s.endAll()
		os.RemoveAll(dir)
	})
	return s
}

// bare is the environment without what ties a program to this session.
func bare() []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if name != "DISPLAY" && !strings.HasPrefix(name, "WAYLAND_") && !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "LC_") {
			env = append(env, e)
		}
	}
	return env
}

// outcome is how a command ended, and what it said.
type outcome struct {
	out, said string
	code      int
}

// command is a command on this store, not yet started.
func (s *store) command(args ...string) *exec.Cmd {
	cmd := exec.Command(vmt, args...)
	cmd.Env = s.env
	return cmd
}

// try runs a command without a terminal.
func (s *store) try(args ...string) outcome {
	s.t.Helper()
	var out, said bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	err := ended(cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("%v: %v", args, err)
	}
	return outcome{out.String(), said.String(), cmd.ProcessState.ExitCode()}
}

// ended runs a command to its end, and ends it when that takes too long.
func ended(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer late.Stop()
	return cmd.Wait()
}

// do runs a command that must succeed.
func (s *store) do(args ...string) outcome {
	s.t.Helper()
	o := s.try(args...)
	if o.code != 0 {
		s.t.Fatalf("%v ended with %d:\n%s%s%s", args, o.code, o.out, o.said, s.consoles())
	}
	return o
}

// state is what status --json says, as far as the tests look at it.
type state struct {
	State, Accelerator, Left string
	Since                    time.Time
	Agent                    bool
	Folder                   string
}

// status is the active VM's.
func (s *store) status() state {
	s.t.Helper()
	var v state
	s.decode(s.do("status", "--json").out, &v)
	return v
}

func (s *store) decode(text string, v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		s.t.Fatalf("%v in %q", err, text)
	}
}

// snapshots are the names of a VM's snapshots, the newest first; none if the
// VM is not there yet.
func (s *store) snapshots(vm string) []string {
	s.t.Helper()
	var list struct{ Snapshots []struct{ Name string } }
	o := s.try("snapshot", "list", "--vm", vm, "--json")
	s.decode(o.out, &list)
	var names []string
	for _, row := range list.Snapshots {
		names = append(names, row.Name)
	}
	return names
}

// folder is where a VM's files lie.
func (s *store) folder(vm string) string { return filepath.Join(s.home, "data", vm) }

func (s *store) disk(vm string) string { return filepath.Join(s.folder(vm), "disk.raw") }

// answering waits until a VM's guest answers.
func (s *store) answering(vm string) {
	s.t.Helper()
	began := time.Now()
	until(s.t, "guest of "+vm+" answers", func() bool { return s.try("exec", "--vm", vm, "--", "true").code == 0 })
	s.t.Logf("the guest of %s answered after another %s", vm, took(began))
}

// guest runs a line of shell in a VM's guest and returns what it printed.
func (s *store) guest(vm, line string) string {
	s.t.Helper()
	return s.do("exec", "--vm", vm, "--", "sh", "-c", line).out
}

// consoles is the end of what the guests printed, for failures.
func (s *store) consoles() string {
	var text strings.Builder
	logs, _ := filepath.Glob(filepath.Join(s.home, "data", "*", "*.log"))
	for _, log := range logs {
		b, _ := os.ReadFile(log)
		text.WriteString("\n--- " + log + "\n" + strconv.Quote(string(b[max(0, len(b)-2000):])))
	}
	return text.String()
}

// endAll ends every process of this store.
func (s *store) endAll() {
	var list struct {
		VMs []struct{ Name, State string }
	}
	if o := s.try("vm", "list", "--json"); json.Unmarshal([]byte(o.out), &list) == nil {
		for _, v := range list.VMs {
			if v.State != "stopped" {
				s.try("stop", "--force", "--vm", v.Name)
			}
		}
	}
	if within(10*time.Second, func() bool { return len(s.processes()) == 0 }) {
		return
	}
	for _, pid := range s.processes() {
		line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		s.t.Errorf("process %d was left behind: %s", pid, bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.t.Error(err)
		}
	}
}

// processes are those that run on this store or on one beside it, by their
// environment: nobody else has its path.
func (s *store) processes() []int {
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

func took(since time.Time) time.Duration { return time.Since(since).Round(10 * time.Millisecond) }
