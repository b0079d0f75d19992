package app

import (
	"os"
	"os/exec"

	"vmterminal/vm/qemu"
)

// installer is a program that installs packages, and the names of QEMU and of UEFI's
// firmware there.
type installer struct{ program, command, qemu, firmware string }

var installers = []installer{
	{"apt-get", "apt-get install ", "qemu-system-x86 qemu-utils", qemu.FirmwarePackage},
	{"dnf", "dnf install ", "qemu-system-x86-core qemu-img", "edk2-ovmf"},
	{"pacman", "pacman -S ", "qemu-system-x86 qemu-img", "edk2-ovmf"},
	{"zypper", "zypper install ", "qemu-x86 qemu-tools", "qemu-ovmf-x86_64"},
	{"apk", "apk add ", "qemu-system-x86_64 qemu-img", "ovmf"},
	{"brew", "brew install ", "qemu", "qemu"},
}

// installQEMU and installFirmware are the commands that install these here.
func installQEMU() string {
	return install("qemu-system-x86_64", func(i installer) string { return i.qemu })
}

func installFirmware() string {
	return install("OVMF (edk2)", func(i installer) string { return i.firmware })
}

// install is the command of the first installer that is here.
func install(what string, named func(installer) string) string {
	for _, i := range installers {
		if _, err := exec.LookPath(i.program); err != nil {
			continue
		}
		command := i.command + named(i)
		if i.program == "brew" { // which refuses root
			return command
		}
		return asRoot(command)
	}
	return "install " + what + " with this system's package manager"
}

func asRoot(command string) string {
	if os.Geteuid() == 0 {
		return command
	}
	return "sudo " + command
}
