package host

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

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
)

// holdBack is a host process that dies between making the process that will be
// QEMU and having it become that.
func holdBack() {
	e, err := startEngine("/bin/sh", []string{"-c", "echo it runs >&3"}, []*os.File{os.Stdout}, io.Discard)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("made", e.id.PID)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// A QEMU that is not written down yet, so that nobody could find it, does not
// outlive its host process: its end closes the pipe that is read here.
func TestEngineThatIsHeldBackDiesWithItsHost(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), envSpec+"=hold back")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it was not killed: %v", err)
	}
	if !strings.HasPrefix(string(out), "made ") || strings.Contains(string(out), "runs") {
		t.Fatalf("it said %q", out)
	}
}

// A host process that is killed while QEMU is starting leaves one that can be
// found and ended, and half-written records that the next one sweeps.
func TestHostProcessKilledWhileQEMUStarts(t *testing.T) {
	v := newVM(t)
	real, _, err := qemu.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	hangs := fmt.Sprintf("#!/bin/sh\ncase $1 in --version) exec %s \"$@\" ;; esac\nexec sleep 1000\n", real)
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(real)), []byte(hangs), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	launched := make(chan error)
	go func() { launched <- v.launch() }()
	var rec hostRecord
	for readRecord(v.spec.Dir.Host(), &rec) != nil {
		select {
		case err := <-launched:
			t.Fatalf("it is not starting: %v", err)
		default:
		}
	}
	// Until it has become QEMU it would go with its host process.
	for comm := ""; comm != "sleep\n"; {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", rec.QEMU.PID))
		if err != nil {
			t.Fatal(err)
		}
		comm = string(text)
	}
	v.kill(rec.Host.PID, syscall.SIGKILL)
	if err := <-launched; err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("launch: %v", err)
	}
	var orphan *Orphan
	if _, err := Connect(t.Context(), v.spec.Dir, v.spec.RunDir); !errors.As(err, &orphan) || orphan.QEMUPID != rec.QEMU.PID {
		t.Fatalf("connect: %v", err)
	}

	var left []string
	for _, path := range []string{v.spec.Dir.Host(), v.spec.Dir.Last()} {
		left = append(left, ondisk.TempName(path))
		if err := os.WriteFile(left[len(left)-1], nil, ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	if err := StopOrphan(t.Context(), v.spec.Dir, true, 0); err != nil {
		t.Fatal(err)
	}
	v.nothingLeft()
	for _, path := range left {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left (%v)", filepath.Base(path), err)
		}
	}
}
