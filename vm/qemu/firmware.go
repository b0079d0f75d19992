package qemu

import (
	"errors"
	"fmt"
	"os"
)

// ErrNoFirmware means that no UEFI firmware was found.
var ErrNoFirmware = errors.New("UEFI firmware (OVMF) is not installed")

// Firmware holds the paths of a guest's UEFI firmware: the code, which the guest can only
// read, and the VM's own file of variables. The zero value means BIOS.
type Firmware struct{ Code, Variables string }

// FirmwareSource holds the paths of an installed firmware: the code, and the matching
// template for the variables.
type FirmwareSource struct{ Code, Template string }

// firmwareSources lists firmware without Secure Boot, which is not supported.
var firmwareSources = []FirmwareSource{
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},                         // Debian, Ubuntu
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},                     // Fedora
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},                 // Arch
	{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"},               // openSUSE
	{"/opt/homebrew/share/qemu/edk2-x86_64-code.fd", "/opt/homebrew/share/qemu/edk2-i386-vars.fd"}, // Homebrew
	{"/usr/local/share/qemu/edk2-x86_64-code.fd", "/usr/local/share/qemu/edk2-i386-vars.fd"},
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"}, // versions without 4M variants
}

// FindFirmware returns installed firmware whose variables have the given size in bytes, or
// any firmware if size is 0. The error, if any, wraps ErrNoFirmware.
func FindFirmware(size int64) (FirmwareSource, error) { return findFirmware(firmwareSources, size) }

func findFirmware(sources []FirmwareSource, size int64) (FirmwareSource, error) {
	sizeDiffers := false
	for _, f := range sources {
		st, err := os.Stat(f.Template)
		if _, missing := os.Stat(f.Code); err != nil || missing != nil {
			continue
		}
		if size == 0 || st.Size() == size {
			return f, nil
		}
		sizeDiffers = true
	}
	if sizeDiffers {
		return FirmwareSource{}, fmt.Errorf("%w in the version that this VM uses (variables of %d bytes)", ErrNoFirmware, size)
	}
	return FirmwareSource{}, ErrNoFirmware
}

// firmwareArgs returns the arguments for the firmware and its variables.
func (m Machine) firmwareArgs() []string {
	if m.Firmware.Code == "" {
		return nil
	}
	return []string{
		"-blockdev", props{"driver": "file", "node-name": firmwareCode, "filename": m.Firmware.Code, "read-only": true}.String(),
		"-blockdev", props{"driver": "file", "node-name": firmwareVariables, "filename": m.Firmware.Variables}.String(),
	}
}

// machineType returns the value for -M.
func (m Machine) machineType(b board) string {
	if m.Firmware.Code == "" {
		return b.machine
	}
	return b.machine + ",pflash0=" + firmwareCode + ",pflash1=" + firmwareVariables
}

const (
	firmwareCode      = "firmware-code"
	firmwareVariables = "firmware-vars"
)
