package supervisor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// fakeKVM puts a fake QEMU first in PATH. If it is started with kvm, it runs script, a
// shell script in which the function run executes the real QEMU with TCG.
func fakeKVM(t *testing.T, script string) {
	t.Helper()
	real, _, err := qemu.Find()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`#!/bin/sh
case " $* " in *" -accel kvm "*) ;; *) exec %[1]s "$@" ;; esac
run() {
	for arg; do
		shift
		case $arg in kvm) arg=tcg ;; host) arg=max ;; esac
		set -- "$@" "$arg"
	done
	exec %[1]s "$@"
}
%[2]s
`, real, script)
	dir := t.TempDir()
	name := filepath.Join(dir, filepath.Base(real))
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if found, err := exec.LookPath(filepath.Base(real)); err != nil || found != name {
		t.Fatalf("LookPath: got %s, %v; want %v", found, err, name)
	}
}

// prepareMachine prepares a machine in this process and serves its API.
func (v *testVM) prepareMachine() *machine {
	v.t.Helper()
	m, err := prepareMachine(v.spec)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(m.release)
	a, err := serveAPI(m)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(a.shutDown)
	v.t.Cleanup(func() {
		if e := m.currentProcess(); e != nil {
			_ = e.kill()
			<-e.exited
			m.disconnect()
		}
	})
	return m
}

var kvm = qemu.Accelerator{Name: qemu.KVM}

func TestFallbackWhenAcceleratorFailsAtStart(t *testing.T) {
	tests := []struct{ name, script, accel, want string }{
		{"error message", `echo "qemu: error: failed to set MSR 0x10a" >&2; exit 1`, qemu.Auto, ""},
		{"aborted", `kill -ABRT $$`, qemu.Auto, ""},
		{"kvm requested", `echo "qemu-system-x: failed to set MSR 0x10a" >&2; exit 1`, qemu.KVM, "QEMU did not start: failed to set MSR 0x10a"},
		{"another failure", `echo "qemu-system-x: no such luck" >&2; exit 1`, qemu.Auto, "QEMU did not start: no such luck"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVM(t)
			v.spec.Accel, v.spec.Debug = tt.accel, true
			fakeKVM(t, tt.script)
			m := v.prepareMachine()
			err := m.bootWithAccelerator(t.Context(), kvm)
			if tt.want != "" {
				if err == nil || err.Error() != tt.want {
					t.Fatalf("got %v, want %q", err, tt.want)
				}
				return
			}
			s := m.state.get()
			if err != nil || s.Accelerator != qemu.TCG || s.AcceleratorReason != qemu.ReasonFailed {
				t.Fatalf("got error %v, state %+v; want Accelerator %v with reason %v", err, s, qemu.TCG, qemu.ReasonFailed)
			}
			log, err := os.ReadFile(v.spec.Dir.SupervisorLog())
			if want := `msg="accelerator failed; falling back" failed=kvm accelerator=tcg`; err != nil || !strings.Contains(string(log), want) {
				t.Errorf("got log %q, error %v; want %q in it", log, err, want)
			}
		})
	}
}

func TestFallbackWhenAcceleratorFailsLater(t *testing.T) {
	v := newVM(t)
	v.spec.Accel = qemu.Auto
	fakeKVM(t, `run "$@"`)
	m := v.prepareMachine()
	if err := m.bootWithAccelerator(t.Context(), kvm); err != nil {
		t.Fatal(err)
	}
	first := m.currentProcess()
	v.checkFallback(m, func() { v.kill(first.id.PID, syscall.SIGABRT) })
}

// The accelerator of an adopted QEMU may fail as well.
func TestFallbackOfAdoptedVM(t *testing.T) {
	v := newVM(t)
	pid := v.killSupervisor(v.start())
	var rec client.RunRecord
	if err := client.ReadRecord(v.spec.Dir.Supervisor(), &rec); err != nil {
		t.Fatal(err)
	}
	rec.Accelerator = qemu.KVM
	if err := durable.ReplaceJSON(v.spec.Dir.Supervisor(), rec); err != nil {
		t.Fatal(err)
	}
	v.spec.Adopt, v.spec.Accel, v.spec.CPUs = true, qemu.Auto, 2
	m := v.prepareMachine()
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := m.state.get(); s.QEMUPID != pid || s.CPUs != 1 {
		t.Fatalf("state after adoption: got %+v, want QEMUPID %v, CPUs 1", s, pid)
	}
	v.checkFallback(m, func() {
		if !m.handleAcceleratorFailure() {
			t.Error("QEMU was not killed for a restart")
		}
	})
	if s := m.state.get(); s.QEMUPID == pid || s.CPUs != 2 {
		t.Fatalf("state after restart: got %+v, want a new QEMUPID, CPUs 2", s)
	}
}

// checkFallback calls end, which must make QEMU exit. It waits until the VM runs with
// TCG, and stops the VM.
func (v *testVM) checkFallback(m *machine, end func()) {
	v.t.Helper()
	events, endEvents := m.state.subscribe()
	defer endEvents()
	// However long the start took, this is still within acceleratorFailureWindow.
	m.state.update(client.EventState, func(s *client.State) { s.Since = time.Now().UTC() })
	exited := make(chan error, 1)
	go func() { exited <- m.waitForExit(v.t.Context()) }()
	end()
	deadline := time.After(2 * time.Minute)
	for fellBack := false; !fellBack; {
		select {
		case e := <-events:
			if e.State.State == client.Gone {
				v.t.Fatalf("the VM exited: %+v", e.State)
			}
			fellBack = e.State.State == client.Running && e.State.Accelerator == qemu.TCG
		case <-deadline:
			v.t.Fatal("timed out waiting until the VM runs with TCG")
		}
	}
	if held, _ := durable.IsLocked(v.spec.Dir.Lock()); !held {
		v.t.Error("the VM's lock is free while the VM is running")
	}
	m.requestStop(client.StopRequest{Force: true})
	if err := receive(v.t, exited, "the VM exits"); err != nil {
		v.t.Fatal(err)
	}
	if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ExitReason.Code != client.ExitForced {
		v.t.Fatalf("last run: got %+v, %v; want ExitReason.Code ExitForced", last, err)
	}
}
