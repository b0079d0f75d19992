package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
)

// fakeKVM puts a QEMU first in PATH that does what the shell script says when it
// is asked for kvm. There, run is the true QEMU on TCG.
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
		t.Fatalf("found %s, %v", found, err)
	}
}

// owned is a machine that this process owns, its API up.
func (v *testVM) owned() *machine {
	v.t.Helper()
	m, err := prepare(v.spec)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(m.release)
	a, err := m.serveAPI()
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(a.end)
	v.t.Cleanup(func() {
		if e := m.currentEngine(); e != nil {
			_ = e.kill()
			<-e.gone
			m.disconnect()
		}
	})
	return m
}

var kvm = qemu.Accelerator{Name: qemu.KVM, Why: "it seemed to work"}

func TestFallsBackWhenTheAcceleratorFailsAtOnce(t *testing.T) {
	tests := []struct{ name, script, accel, want string }{
		{"said", `echo "qemu: error: failed to set MSR 0x10a" >&2; exit 1`, qemu.Auto, ""},
		{"aborted", `kill -ABRT $$`, qemu.Auto, ""},
		{"insisted on", `echo "qemu-system-x: failed to set MSR 0x10a" >&2; exit 1`, qemu.KVM, "QEMU did not start: failed to set MSR 0x10a"},
		{"another failure", `echo "qemu-system-x: no such luck" >&2; exit 1`, qemu.Auto, "QEMU did not start: no such luck"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVM(t)
			v.spec.Accel = tt.accel
			fakeKVM(t, tt.script)
			m := v.owned()
			err := m.bootOn(t.Context(), kvm)
			if tt.want != "" {
				if err == nil || err.Error() != tt.want {
					t.Fatalf("got %v, want %q", err, tt.want)
				}
				return
			}
			s := m.board.get()
			if err != nil || s.Accelerator != qemu.TCG || !strings.Contains(s.Why, "kvm failed") {
				t.Fatalf("%v; state %+v", err, s)
			}
		})
	}
}

func TestFallsBackWhenTheAcceleratorFailsLater(t *testing.T) {
	v := newVM(t)
	v.spec.Accel = qemu.Auto
	fakeKVM(t, `run "$@"`)
	m := v.owned()
	if err := m.bootOn(t.Context(), kvm); err != nil {
		t.Fatal(err)
	}
	first := m.currentEngine()
	v.livesOnAfter(m, func() { v.kill(first.id.PID, syscall.SIGABRT) })
}

// A host process may have to take over a QEMU whose accelerator is giving up.
func TestFallsBackWhenTheAcceleratorOfAnAdoptedVMFails(t *testing.T) {
	v := newVM(t)
	pid := v.loseHost(v.start())
	var rec hostRecord
	if err := readRecord(v.spec.Dir.Host(), &rec); err != nil {
		t.Fatal(err)
	}
	rec.Accelerator = qemu.KVM
	if err := ondisk.ReplaceJSON(v.spec.Dir.Host(), rec); err != nil {
		t.Fatal(err)
	}
	v.spec.Adopt, v.spec.Accel, v.spec.CPUs = true, qemu.Auto, 2
	m := v.owned()
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := m.board.get(); s.QEMUPID != pid || s.CPUs != 1 {
		t.Fatalf("adopted %+v", s)
	}
	v.livesOnAfter(m, func() {
		if !m.gaveUp() {
			t.Error("it is not started again")
		}
	})
	if s := m.board.get(); s.QEMUPID == pid || s.CPUs != 2 {
		t.Fatalf("started again %+v", s)
	}
}

// livesOnAfter does what ends the VM's QEMU, waits until emulation has taken
// over, and ends the VM.
func (v *testVM) livesOnAfter(m *machine, end func()) {
	v.t.Helper()
	events, endEvents := m.board.listen()
	defer endEvents()
	left := make(chan error)
	go func() { left <- m.live(v.t.Context()) }()
	end()
	for e := range events {
		if e.State.State == Gone {
			v.t.Fatalf("it left: %+v", e.State)
		}
		if e.State.State == Running && e.State.Accelerator == qemu.TCG {
			break
		}
	}
	if held, _ := ondisk.Held(v.spec.Dir.Lock()); !held {
		v.t.Error("the VM's lock is free")
	}
	m.requestStop(StopRequest{Force: true}, "the test ends")
	if err := <-left; err != nil {
		v.t.Fatal(err)
	}
	if last, err := ReadLast(v.spec.Dir); err != nil || last.How != "forced off on request" {
		v.t.Fatalf("last %+v, %v", last, err)
	}
}
