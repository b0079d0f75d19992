package app

import (
	"os"
	"os/exec"

	"vmterminal/vm/qemu"
)

// installers are the programs that install packages, and the names of QEMU and of
// UEFI's firmware there.
var installers = []struct{ program, command, qemu, firmware string }{
	{"apt-get", "apt-get install ", "qemu-system-x86", qemu.FirmwarePackage},
	{"dnf", "dnf install ", "qemu-system-x86-core", "edk2-ovmf"},
	{"pacman", "pacman -S ", "qemu-system-x86", "edk2-ovmf"},
	{"zypper", "zypper install ", "qemu-x86", "qemu-ovmf-x86_64"},
	{"apk", "apk add ", "qemu-system-x86_64", "ovmf"},
	{"brew", "brew install ", "qemu", "qemu"},
}

// installQEMU and installFirmware are the commands that install these here.
func installQEMU() string {
	for _, i := range installers {
		if command, there := install(i.program, i.command+i.qemu); there {
			return command
		}
	}
	return "install qemu-system-x86_64 with this system's package manager"
}

func installFirmware() string {
	for _, i := range installers {
		if command, there := install(i.program, i.command+i.firmware); there {
			return command
		}
	}
	return "install OVMF (edk2) with this system's package manager"
}

// install is a command of an installer that is here.
func install(program, command string) (string, bool) {
	if _, err := exec.LookPath(program); err != nil {
		return "", false
	}
	if program == "brew" { // which refuses root
		return command, true
	}
	return asRoot(command), true
}

func asRoot(command string) string {
	if os.Geteuid() == 0 {
		return command
	}
	return "sudo " + command
}
