package qemu

import (
	"bytes"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// cpu is what tells why a computer has no KVM.
type cpu struct {
	intel, amd bool // that its processor can run guests, and whose it is
	inGuest    bool // that it is a virtual machine itself
	root       bool // that this user is root
}

// Mend says what to do so that the hardware's accelerator works, as far as can
// be seen; "" when nothing is known to help. Ask when Probe did not choose it.
func Mend() string {
	trouble := lookAtHardware()
	c := readCPU()
	switch trouble {
	case "":
		return mendNested(c)
	case noPermission:
		return mendPermission(c)
	default:
		return mendDevice(c)
	}
}

func readCPU() cpu {
	info, _ := os.ReadFile("/proc/cpuinfo") // what is not known is not said
	flags := cpuFlags(info)
	return cpu{
		intel: slices.Contains(flags, "vmx"), amd: slices.Contains(flags, "svm"),
		inGuest: slices.Contains(flags, "hypervisor"), root: os.Geteuid() == 0,
	}
}

func cpuFlags(info []byte) []string {
	for line := range bytes.Lines(info) {
		key, value, _ := strings.Cut(string(line), ":")
		if strings.TrimSpace(key) == "flags" {
			return strings.Fields(value)
		}
	}
	return nil
}

func mendDevice(c cpu) string {
	switch {
	case c.intel:
		return c.asRoot("modprobe kvm_intel")
	case c.amd:
		return c.asRoot("modprobe kvm_amd")
	case c.inGuest:
		return "this is a virtual machine: switch nested virtualisation on where it runs " +
			"(on its host: modprobe -r kvm_intel && modprobe kvm_intel nested=1, or the same with kvm_amd; its processor: host-passthrough)"
	default:
		return "switch virtualisation (Intel VT-x, AMD-V or SVM) on in the computer's BIOS setup, if its processor has it"
	}
}

func mendNested(c cpu) string {
	if c.inGuest {
		return "this is a virtual machine whose nested virtualisation does not work; its own host has to mend it"
	}
	return "look at what the kernel says: dmesg | grep -i kvm"
}

// mendPermission names the group that the device has, and this user.
func mendPermission(c cpu) string {
	group, who := "kvm", "\"$USER\""
	if info, err := os.Stat("/dev/kvm"); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			if g, err := user.LookupGroupId(strconv.Itoa(int(st.Gid))); err == nil {
				group = g.Name
			}
		}
	}
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	return c.asRoot("usermod -aG "+group+" "+who) + ", then log in anew"
}

func (c cpu) asRoot(command string) string {
	if c.root {
		return command
	}
	return "sudo " + command
}
