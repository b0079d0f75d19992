package qemu

import (
	"slices"
	"strings"
	"testing"
)

func TestMendDevice(t *testing.T) {
	for _, c := range []struct {
		cpu  cpu
		want string
	}{
		{cpu{intel: true}, "sudo modprobe kvm_intel"},
		{cpu{intel: true, inGuest: true, root: true}, "modprobe kvm_intel"},
		{cpu{amd: true, root: true}, "modprobe kvm_amd"},
		{cpu{inGuest: true}, "nested=1"},
		{cpu{}, "BIOS"},
	} {
		if got := mendDevice(c.cpu); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, not %q", c.cpu, got, c.want)
		}
	}
	if got := mendDevice(cpu{amd: true, root: true}); strings.Contains(got, "sudo") {
		t.Errorf("root is told %q", got)
	}
}

func TestCPUFlags(t *testing.T) {
	const info = "processor\t: 0\nvmx flags\t: vnmi\nflags\t\t: fpu svm hypervisor\n\nprocessor\t: 1\nflags\t\t: other\n"
	if got := cpuFlags([]byte(info)); !slices.Equal(got, []string{"fpu", "svm", "hypervisor"}) {
		t.Errorf("flags are %q", got)
	}
}

func TestMendPermissionNamesGroupAndUser(t *testing.T) {
	got := mendPermission(cpu{})
	if !strings.HasPrefix(got, "sudo usermod -aG ") || !strings.Contains(got, "log in anew") {
		t.Errorf("got %q", got)
	}
}
