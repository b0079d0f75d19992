package doctor

import (
	"testing"

	"vmterminal/vm/qemu"
)

func TestKVMFix(t *testing.T) {
	for _, c := range []struct {
		reason qemu.Reason
		cpu    cpu
		want   Action
		name   string
	}{
		{qemu.ReasonNoDevice, cpu{intel: true}, LoadModule, "kvm_intel"},
		{qemu.ReasonNoDevice, cpu{intel: true, inGuest: true}, LoadModule, "kvm_intel"},
		{qemu.ReasonNoDevice, cpu{amd: true}, LoadModule, "kvm_amd"},
		{qemu.ReasonNoDevice, cpu{inGuest: true}, EnableNested, ""},
		{qemu.ReasonCannotOpen, cpu{}, EnableVirtualization, ""},
		{qemu.ReasonGuestsFail, cpu{intel: true, inGuest: true}, RepairNested, ""},
		{qemu.ReasonGuestsFail, cpu{intel: true}, ReadKernelLog, ""},
	} {
		if got := kvmFix(c.reason, c.cpu); got.Action != c.want || got.Name != c.name {
			t.Errorf("%s, %+v: got %+v, want %s %s", c.reason, c.cpu, got, c.want, c.name)
		}
	}
	if got := kvmFix(qemu.ReasonNoPermission, cpu{}); got.Action != JoinGroup || got.Name == "" {
		t.Errorf("no permission: got %+v, want %s and a group", got, JoinGroup)
	}
}

func TestParseCPU(t *testing.T) {
	const info = "processor\t: 0\nvmx flags\t: vnmi\nflags\t\t: fpu svm hypervisor\n\nprocessor\t: 1\nflags\t\t: other\n"
	if got, want := parseCPU([]byte(info)), (cpu{amd: true, inGuest: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parseCPU(nil); got != (cpu{}) {
		t.Errorf("empty cpuinfo: got %+v, want the zero value", got)
	}
}
