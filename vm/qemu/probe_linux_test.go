package qemu

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// probeEnvVar, if set in the environment, makes the test binary run a probe with the program
// that it names.
const probeEnvVar = "VMTERMINAL_TEST_PROBES"

func TestMain(m *testing.M) {
	if program, ok := os.LookupEnv(probeEnvVar); ok {
		_, _ = runProbe(context.Background(), program, KVM, slowProbeTimeout)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A QEMU that hangs on a broken accelerator must exit with its parent and leave no file behind.
func TestProbeDiesWithItsOwner(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	owner := exec.Command(exe)
	owner.Env = append(os.Environ(), "TMPDIR="+tmp, probeEnvVar+"="+fakeProgram(t, "echo $$ >"+pidFile+".new; mv "+pidFile+".new "+pidFile+"; exec sleep 1000"))
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	waitUntil(t, "the probe runs", func() bool {
		text, _ := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	waitUntil(t, "the probe's QEMU has gone", func() bool {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("got leftover files %v, want none", left)
	}
}

// waitUntil polls until wanted returns true, for at most a minute.
func waitUntil(t *testing.T, what string, wanted func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(time.Minute); !wanted(); {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
