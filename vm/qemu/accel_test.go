package qemu

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"vmterminal/app/ondisk"
)

func TestProbeGuestRuns(t *testing.T) {
	binary, _, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	if works, err := runProbe(t.Context(), binary, TCG); err != nil || !works {
		t.Errorf("on TCG, which always works: %v, %v", works, err)
	}
	if works, err := runProbe(t.Context(), binary, "no-such-accelerator"); err != nil || works {
		t.Errorf("on none: %v, %v", works, err)
	}
}

// script stands in for QEMU's program.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qemu")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
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
			if works, err := runProbe(t.Context(), script(t, body), KVM); works || err != nil {
				t.Errorf("got %v, %v", works, err)
			}
			if took := time.Since(began); took > probeLimit+5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	if _, err := runProbe(t.Context(), filepath.Join(t.TempDir(), "absent"), KVM); err == nil {
		t.Error("no program, no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runProbe(ctx, script(t, "exit 33"), KVM); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestProbeForced(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "absent", "accelerators.json")
	if a, err := Probe(t.Context(), cache, TCG); err != nil || a.Name != TCG {
		t.Errorf("tcg: %+v, %v", a, err)
	}
	if _, err := os.Stat(cache); err == nil {
		t.Error("tcg needs no probe")
	}
	if _, err := Probe(t.Context(), cache, "warp"); err == nil || errors.Is(err, ErrNoAccelerator) {
		t.Errorf("a name that is none: %v", err)
	}
	other := HVF
	if hardware == HVF {
		other = KVM
	}
	if _, err := Probe(t.Context(), cache, other); !errors.Is(err, ErrNoAccelerator) {
		t.Errorf("another system's: %v", err)
	}
}

// TestProbeRemembers holds on machines where KVM works, is broken, or is
// absent.
func TestProbeRemembers(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "accelerators.json")
	first, err := Probe(t.Context(), cache, Auto)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	second, err := Probe(t.Context(), cache, "")
	if err != nil || second != first || first.Why == "" {
		t.Errorf("first %+v, then %+v, %v", first, second, err)
	}
	if took := time.Since(began); took > probeLimit/2 {
		t.Errorf("the second time took %v", took)
	}
	forced, err := Probe(t.Context(), cache, hardware)
	if first.Name == hardware {
		if err != nil || forced.Name != hardware {
			t.Errorf("forced: %+v, %v", forced, err)
		}
		return
	}
	var unusable *Unusable
	if !errors.As(err, &unusable) || !strings.HasPrefix(first.Why, unusable.Why) {
		t.Errorf("forced: %v; auto says %q", err, first.Why)
	}
}

func TestDistrust(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "accelerators.json")
	binary, version, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	key, err := keyOf(binary, version)
	if err != nil {
		t.Fatal(err)
	}
	remember(cache, key, true)
	Distrust(cache)
	if works, ok := recall(cache, key); works || !ok {
		t.Errorf("after a failure: %v, %v", works, ok)
	}
	if a, err := Probe(t.Context(), cache, Auto); err != nil || a.Name != TCG {
		t.Errorf("then %+v, %v", a, err)
	}
}

// QEMU lives on when its accelerator has given up.
func TestProbeEndsAtASign(t *testing.T) {
	seen := 0
	u := &untilSign{seen: func() { seen++ }}
	for _, said := range []string{"qemu: warning: KVM is", " odd\nKVM internal ", "error. Suberror: 1\n", strings.Repeat("x", 2*maxSaid)} {
		if n, err := u.Write([]byte(said)); n != len(said) || err != nil {
			t.Fatal(n, err)
		}
		if want := strings.Contains(said, "Suberror"); want && seen == 0 || !want && seen > 0 && len(said) < maxSaid {
			t.Errorf("after %.30q seen %d times", said, seen)
		}
	}
	if len(u.said) > maxSaid {
		t.Errorf("%d bytes are kept", len(u.said))
	}
	ctx, cancel := context.WithTimeout(t.Context(), probeLimit)
	defer cancel()
	if works, err := runProbe(ctx, script(t, "echo KVM internal error. >&2; exec sleep 60"), KVM); works || err != nil {
		t.Errorf("one that gives up: %v, %v (before the limit: %v)", works, err, ctx.Err() == nil)
	}
}

func TestRememberMakesNoStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	remember(filepath.Join(dir, "accelerators.json"), probeKey{}, true)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a probe made a store")
	}
}

func TestRecall(t *testing.T) {
	key := probeKey{Boot: "b", Binary: "/q", Version: "7.2", Accel: KVM}
	path := filepath.Join(t.TempDir(), "a.json")
	if _, ok := recall(path, key); ok {
		t.Error("nothing was remembered")
	}
	for _, works := range []bool{true, false} {
		remember(path, key, works)
		if got, ok := recall(path, key); !ok || got != works {
			t.Errorf("%v: got %v, %v", works, got, ok)
		}
	}
	left := ondisk.TempName(path) // as by a process that was killed
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	remember(path, key, false)
	if _, err := os.Lstat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed process left of the answers is still there: %v", err)
	}
	for _, other := range []probeKey{
		{"c", "/q", "7.2", KVM}, {"b", "/r", "7.2", KVM}, {"b", "/q", "8.0", KVM}, {"b", "/q", "7.2", HVF},
	} {
		if _, ok := recall(path, other); ok {
			t.Errorf("%+v was never asked", other)
		}
	}
}

func FuzzRecall(f *testing.F) {
	f.Add([]byte(`{"boot":"b","binary":"/q","version":"7.2","accel":"kvm","works":true}`))
	f.Add([]byte(`{"boot":["b"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if works, ok := recallFrom(data, probeKey{Boot: "never"}); works && !ok {
			t.Error("works without an answer")
		}
	})
}

func TestFindMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := Find()
	var missing *Missing
	if !errors.Is(err, ErrNoQEMU) || !errors.As(err, &missing) || missing.Package != boards[runtime.GOARCH].debian {
		t.Errorf("got %v", err)
	}
	if _, err := Probe(t.Context(), filepath.Join(t.TempDir(), "a"), Auto); !errors.Is(err, ErrNoQEMU) {
		t.Errorf("probe: %v", err)
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
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// Who insists on what has failed before has it tried again, and what comes of that counts.
func TestInsistingTriesAgain(t *testing.T) {
	if trouble := lookAtHardware(); trouble != "" {
		t.Skip(trouble)
	}
	path := script(t, `case $1 in --version) echo "QEMU emulator version 9.9.9" ;; *) exit 33 ;; esac`)
	name := boards[runtime.GOARCH].program
	if err := os.Rename(path, filepath.Join(filepath.Dir(path), name)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(path)+":"+os.Getenv("PATH"))
	cache := filepath.Join(t.TempDir(), "accelerators.json")
	Distrust(cache)
	for _, step := range []struct{ want, got string }{{Auto, TCG}, {hardware, hardware}, {Auto, hardware}} {
		if a, err := Probe(t.Context(), cache, step.want); err != nil || a.Name != step.got {
			t.Errorf("%s gives %+v, %v; want %s", step.want, a, err, step.got)
		}
	}
}
