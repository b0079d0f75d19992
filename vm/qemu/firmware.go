package qemu

import (
	"errors"
	"fmt"
	"os"
)

// ErrNoFirmware says that no UEFI firmware was found.
var ErrNoFirmware = errors.New("UEFI firmware (OVMF) is not installed")

// FirmwarePackage is Debian's name for what has the firmware.
const FirmwarePackage = "ovmf"

// Firmware is UEFI for a guest: the program, which the guest can only read, and the
// file of its variables, which is the VM's own. The zero value is none: a BIOS.
type Firmware struct{ Code, Variables string }

// FirmwareSource is where systems install the firmware, and its variables as they
// are at first; the two belong together.
type FirmwareSource struct{ Code, Template string }

// firmwares are those without Secure Boot: nothing here keeps its keys.
var firmwares = []FirmwareSource{
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},                         // Debian, Ubuntu
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},                     // Fedora
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},                 // Arch
	{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"},               // openSUSE
	{"/opt/homebrew/share/qemu/edk2-x86_64-code.fd", "/opt/homebrew/share/qemu/edk2-i386-vars.fd"}, // Homebrew
	{"/usr/local/share/qemu/edk2-x86_64-code.fd", "/usr/local/share/qemu/edk2-i386-vars.fd"},
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"}, // before 4M
}

// FindFirmware returns firmware that takes variables of a size in bytes, 0 for any.
// The error wraps ErrNoFirmware.
func FindFirmware(size int64) (FirmwareSource, error) { return findFirmware(firmwares, size) }

func findFirmware(among []FirmwareSource, size int64) (FirmwareSource, error) {
	other := false
	for _, f := range among {
		st, err := os.Stat(f.Template)
		if _, missing := os.Stat(f.Code); err != nil || missing != nil {
			continue
		}
		if size == 0 || st.Size() == size {
			return f, nil
		}
		other = true
	}
	if other {
		return FirmwareSource{}, fmt.Errorf("%w in the version that this VM began with (variables of %d bytes)", ErrNoFirmware, size)
	}
	return FirmwareSource{}, ErrNoFirmware
}

// firmware is what the board starts, and its variables.
func (m Machine) firmware() []string {
	if m.Firmware.Code == "" {
		return nil
	}
	return []string{
		"-blockdev", props{"driver": "file", "node-name": firmwareCode, "filename": m.Firmware.Code, "read-only": true}.String(),
		"-blockdev", props{"driver": "file", "node-name": firmwareVariables, "filename": m.Firmware.Variables}.String(),
	}
}

// machine is what -M gets.
func (m Machine) machine(b board) string {
	if m.Firmware.Code == "" {
		return b.machine
	}
	return b.machine + ",pflash0=" + firmwareCode + ",pflash1=" + firmwareVariables
}

const (
	firmwareCode      = "firmware-code"
	firmwareVariables = "firmware-vars"
)
