package qemu

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
)

// slowProbeTimeout is the time limit of a probe that must not end by it, even on a busy machine.
const slowProbeTimeout = 5 * time.Minute

func TestProbeGuestRuns(t *testing.T) {
	binary, _, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	if works, err := runProbe(t.Context(), binary, TCG, slowProbeTimeout); err != nil || !works {
		t.Errorf("TCG: got %v, %v; want true", works, err)
	}
	if works, err := runProbe(t.Context(), binary, "no-such-accelerator", slowProbeTimeout); err != nil || works {
		t.Errorf("unknown accelerator: got %v, %v; want false", works, err)
	}
}

// fakeProgram writes a shell script that replaces QEMU.
func fakeProgram(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qemu")
	// A process that a parallel test starts meanwhile would inherit the open file for an
	// instant, in which the script cannot be executed (ETXTBSY).
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProbeOfBrokenAccelerators(t *testing.T) {
	for name, body := range map[string]string{
		"hangs":                "exec sleep 60",
		"leaves as if it ran":  "exit 0",
		"aborts":               "kill -ABRT $$",
		"refuses":              "echo 'Could not access KVM kernel module' >&2; exit 1",
		"leaves with a child":  "sleep 60 & exit 1",
		"hangs beside a child": "sleep 60 & wait",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			if works, err := runProbe(t.Context(), fakeProgram(t, body), KVM, probeTimeout); works || err != nil {
				t.Errorf("runProbe = %v, %v; want false and no error", works, err)
			}
			if took := time.Since(began); took > probeTimeout+30*time.Second {
				t.Errorf("runProbe took %v, want at most probeTimeout and 30 seconds", took)
			}
		})
	}
	if _, err := runProbe(t.Context(), filepath.Join(t.TempDir(), "absent"), KVM, probeTimeout); err == nil {
		t.Error("runProbe without a program: got no error, want one")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runProbe(ctx, fakeProgram(t, "exit 33"), KVM, probeTimeout); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got error %v, want error %v", err, context.Canceled)
	}
}

func TestProbeForced(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "absent", "accelerators.json")
	if a, err := Probe(t.Context(), cache, TCG); err != nil || a.Name != TCG {
		t.Errorf("tcg: got %+v, %v; want Name %v", a, err, TCG)
	}
	if _, err := os.Stat(cache); err == nil {
		t.Error("got a stored probe result for TCG, want none")
	}
	if _, err := Probe(t.Context(), cache, "warp"); err == nil || errors.Is(err, ErrNoAccelerator) {
		t.Errorf("unknown name: got error %v, want an error other than ErrNoAccelerator", err)
	}
	other := HVF
	if hardware == HVF {
		other = KVM
	}
	if _, err := Probe(t.Context(), cache, other); !errors.Is(err, ErrNoAccelerator) {
		t.Errorf("accelerator of another system: got error %v, want error %v", err, ErrNoAccelerator)
	}
}

// TestProbeStoresResult passes whether KVM works, is broken, or is missing.
func TestProbeStoresResult(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "accelerators.json")
	first, err := Probe(t.Context(), cache, Auto)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Probe(t.Context(), cache, "")
	if err != nil || second != first || first.Reason == "" {
		t.Errorf("first probe %+v, second %+v, %v; want the same result twice, with a reason", first, second, err)
	}
	binary, version, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	key, err := currentProbeKey(binary, version)
	if err != nil {
		t.Fatal(err)
	}
	tested := findHardwareTrouble() == ""
	if works, ok := loadResult(cache, key); ok != tested || works != (first.Name == hardware) {
		t.Errorf("stored result: got %v, %v; want %v, %v", works, ok, first.Name == hardware, tested)
	}
	if tested {
		storeResult(cache, key, first.Name != hardware)
		if other, err := Probe(t.Context(), cache, Auto); err != nil || other.Name == first.Name {
			t.Errorf("another stored result: got %+v, %v; want it without a probe", other, err)
		}
		storeResult(cache, key, first.Name == hardware)
	}
	forced, err := Probe(t.Context(), cache, hardware)
	if first.Name == hardware {
		if err != nil || forced.Name != hardware {
			t.Errorf("forced: got %+v, %v; want Name %v", forced, err, hardware)
		}
		return
	}
	var unusable *Unusable
	if !errors.As(err, &unusable) || first.Reason != unusable.Reason {
		t.Errorf("forced: got error %v, want the same reason as with auto, %q", err, first.Reason)
	}
}

func TestDistrust(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "accelerators.json")
	binary, version, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	key, err := currentProbeKey(binary, version)
	if err != nil {
		t.Fatal(err)
	}
	storeResult(cache, key, true)
	RecordHardwareFailure(cache)
	if works, ok := loadResult(cache, key); works || !ok {
		t.Errorf("after RecordHardwareFailure: got %v, %v; want false, true", works, ok)
	}
	if a, err := Probe(t.Context(), cache, Auto); err != nil || a.Name != TCG {
		t.Errorf("after RecordHardwareFailure: got %+v, %v; want Name %v", a, err, TCG)
	}
}

// QEMU keeps running after its accelerator has failed, so the probe stops at the message.
func TestProbeStopsAtFailureMessage(t *testing.T) {
	seen := 0
	u := &failureWatcher{onFailure: func() { seen++ }}
	for _, said := range []string{"qemu: warning: KVM is", " odd\nKVM internal ", "error. Suberror: 1\n", strings.Repeat("x", 2*maxStderr)} {
		if n, err := u.Write([]byte(said)); n != len(said) || err != nil {
			t.Fatal(n, err)
		}
		if want := strings.Contains(said, "Suberror"); want && seen == 0 || !want && seen > 0 && len(said) < maxStderr {
			t.Errorf("after %.30q: onFailure was called %d times, want calls only after a failure message", said, seen)
		}
	}
	if len(u.stderr) > maxStderr {
		t.Errorf("got %d stored bytes, want at most maxStderr", len(u.stderr))
	}
	began := time.Now()
	if works, err := runProbe(t.Context(), fakeProgram(t, "echo KVM internal error. >&2; exec sleep 1000"), KVM, slowProbeTimeout); works || err != nil {
		t.Errorf("failing accelerator: got %v, %v; want false and no error", works, err)
	}
	if took := time.Since(began); took >= slowProbeTimeout {
		t.Errorf("failing accelerator: the probe took %v, want it to stop at the message", took)
	}
}

func TestStoreResultCreatesNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	storeResult(filepath.Join(dir, "accelerators.json"), probeKey{}, true)
	if _, err := os.Stat(dir); err == nil {
		t.Error("got a new folder after storeResult, want none")
	}
}

func TestStoreAndLoadResult(t *testing.T) {
	key := probeKey{Boot: "b", Binary: "/q", Version: "7.2", Accel: KVM}
	path := filepath.Join(t.TempDir(), "a.json")
	if _, ok := loadResult(path, key); ok {
		t.Error("loadResult: got a result without a file, want none")
	}
	for _, works := range []bool{true, false} {
		storeResult(path, key, works)
		if got, ok := loadResult(path, key); !ok || got != works {
			t.Errorf("loadResult after storing %v = %v, %v; want the stored result and true", works, got, ok)
		}
	}
	left := durable.TempName(path) // as left behind by a killed process
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	storeResult(path, key, false)
	if _, err := os.Lstat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("temporary file of a killed process: got error %v, want error %v", err, os.ErrNotExist)
	}
	for _, other := range []probeKey{
		{"c", "/q", "7.2", KVM}, {"b", "/r", "7.2", KVM}, {"b", "/q", "8.0", KVM}, {"b", "/q", "7.2", HVF},
	} {
		if _, ok := loadResult(path, other); ok {
			t.Errorf("loadResult(%+v): got a result, want none", other)
		}
	}
}

func FuzzRecall(f *testing.F) {
	f.Add([]byte(`{"boot":"b","binary":"/q","version":"7.2","accel":"kvm","works":true}`))
	f.Add([]byte(`{"boot":["b"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if works, ok := parseResult(data, probeKey{Boot: "never"}); works && !ok {
			t.Error("parseResult = true, false; want works only with a result")
		}
	})
}

func TestFindMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := Find()
	var missing *Missing
	if !errors.Is(err, ErrNoQEMU) || !errors.As(err, &missing) || missing.Program != boards[runtime.GOARCH].program {
		t.Errorf("Find without QEMU: got error %v, want a *Missing with the program's name", err)
	}
	if _, err := Probe(t.Context(), filepath.Join(t.TempDir(), "a"), Auto); !errors.Is(err, ErrNoQEMU) {
		t.Errorf("probe: got error %v, want error %v", err, ErrNoQEMU)
	}
}

func TestIsAcceleratorFailure(t *testing.T) {
	state := func(body string) *os.ProcessState {
		cmd := exec.Command("/bin/sh", "-c", body)
		_ = cmd.Run()
		return cmd.ProcessState
	}
	for name, c := range map[string]struct {
		stderr string
		state  *os.ProcessState
		want   bool
	}{
		"running":   {"", nil, false},
		"good end":  {"", state("exit 0"), false},
		"exit 1":    {"qemu-system-x86_64: cannot open disk", state("exit 1"), false},
		"abort":     {"", state("ulimit -c 0; kill -ABRT $$"), true},
		"killed":    {"", state("kill -KILL $$"), false},
		"MSR":       {"error: failed to set MSR 0x48 to 0x0", nil, true},
		"no module": {"Could not access KVM kernel module: Permission denied", state("exit 1"), true},
		"emulation": {"KVM internal error. Suberror: 1\nemulation failure", nil, true},
	} {
		if got := IsAcceleratorFailure(c.stderr, c.state); got != c.want {
			t.Errorf("%s: IsAcceleratorFailure = %v, want the opposite", name, got)
		}
	}
}

// Requesting an accelerator by name repeats the test after a failure.
func TestProbeByNameRepeatsFailedTest(t *testing.T) {
	if trouble := findHardwareTrouble(); trouble != "" {
		t.Skip(trouble)
	}
	path := fakeProgram(t, `case $1 in --version) echo "QEMU emulator version 9.9.9" ;; *) exit 33 ;; esac`)
	name := boards[runtime.GOARCH].program
	if err := os.Rename(path, filepath.Join(filepath.Dir(path), name)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(path)+":"+os.Getenv("PATH"))
	cache := filepath.Join(t.TempDir(), "accelerators.json")
	RecordHardwareFailure(cache)
	for _, step := range []struct{ want, got string }{{Auto, TCG}, {hardware, hardware}, {Auto, hardware}} {
		if a, err := Probe(t.Context(), cache, step.want); err != nil || a.Name != step.got {
			t.Errorf("Probe(%s) = %+v, %v; want %s", step.want, a, err, step.got)
		}
	}
}
