package supervisor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// dieBeforeRun acts as a supervisor that dies between startEngine and run.
func dieBeforeRun() {
	e, err := startQEMUProcess("/bin/sh", []string{"-c", "echo it runs >&3"}, []*os.File{os.Stdout}, io.Discard)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("started", e.id.PID)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// A QEMU without a record, which could not be found, must not run after its supervisor has
// died.
func TestQEMUDoesNotRunWithoutRecord(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), envSpec+"=die before run")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the supervisor: got error %v, want SIGKILL", err)
	}
	if !strings.HasPrefix(string(out), "started ") || strings.Contains(string(out), "runs") {
		t.Fatalf("got output %q, want output from the supervisor but not from QEMU", out)
	}
}

// hangingQEMU puts a QEMU first in PATH that never answers, so that a launch does not end.
func hangingQEMU(t *testing.T) {
	t.Helper()
	real, _, err := qemu.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\ncase $1 in --version) exec %s \"$@\" ;; esac\nexec sleep 1000\n", real)
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(real)), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// waitForRecord waits until the supervisor has recorded its QEMU, and returns the record.
// launched must not receive anything before.
func (v *testVM) waitForRecord(launched <-chan error) (rec client.RunRecord) {
	v.t.Helper()
	waitFor(v.t, "QEMU is recorded", func() bool {
		select {
		case err := <-launched:
			v.t.Fatalf("launch returned early: %v", err)
		default:
		}
		return client.ReadRecord(v.spec.Dir.Supervisor(), &rec) == nil
	})
	return rec
}

// If the supervisor is killed while QEMU starts, StopOrphan must be able to stop QEMU,
// and must remove temporary records.
func TestSupervisorKilledWhileQEMUStarts(t *testing.T) {
	v := newVM(t)
	hangingQEMU(t)
	launched := make(chan error)
	go func() { launched <- v.launch() }()
	rec := v.waitForRecord(launched)
	// Before the process executes QEMU, it would exit with its supervisor.
	waitFor(t, "QEMU is executed", func() bool {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", rec.QEMU.PID))
		if err != nil {
			t.Fatal(err)
		}
		return string(comm) == "sleep\n"
	})
	v.kill(rec.Supervisor.PID, syscall.SIGKILL)
	if err := receive(t, launched, "the launch ends"); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("launch: got error %v, want %q in it", err, "killed")
	}
	var orphan *client.Orphan
	if _, err := client.Connect(t.Context(), v.spec.Dir, v.spec.RunDir, nil); !errors.As(err, &orphan) || orphan.QEMUPID != rec.QEMU.PID {
		t.Fatalf("connect: got error %v, want an Orphan with QEMU's pid", err)
	}

	var left []string
	for _, path := range []string{v.spec.Dir.Supervisor(), v.spec.Dir.LastExit()} {
		left = append(left, durable.TempName(path))
		if err := os.WriteFile(left[len(left)-1], nil, durable.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	if err := StopOrphan(t.Context(), v.spec.Dir, true, 0); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
	for _, path := range left {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s still exists (%v), want error %v", filepath.Base(path), err, fs.ErrNotExist)
		}
	}
}
