package vm

import (
	"fmt"
	"io"
	"os"

	"vmterminal/vm/home"
)

// Boot is the way a VM boots.
type Boot string

// Values of [Boot].
const (
	// BootKernel boots the built-in kernel with the VM's disk as its root file system.
	BootKernel Boot = ""
	// BootDisk boots through BIOS, with the boot loader on the disk.
	BootDisk Boot = "disk"
	// BootUEFI boots through UEFI firmware, from the disk's EFI system partition.
	BootUEFI Boot = "uefi"
)

func (b Boot) check() error {
	if b != BootKernel && b != BootDisk && b != BootUEFI {
		return fmt.Errorf("%.100q is %w for the boot mode", string(b), ErrBadConfig)
	}
	return nil
}

// DetectBoot returns the boot mode of a VM whose settings are lost. It examines the UEFI
// variables and the disk in the VM's folder.
func DetectBoot(dir home.VMDir) Boot {
	if st, err := os.Stat(dir.Firmware()); err == nil && st.Size() > 0 {
		return BootUEFI
	}
	return detectDiskBoot(dir.Disk())
}

// detectDiskBoot returns the boot mode of a disk, judging by its partition table and the boot
// code in its first sector. If the disk cannot be read, it returns BootKernel.
func detectDiskBoot(disk string) Boot {
	if needsUEFI(disk) {
		return BootUEFI
	}
	f, err := os.Open(disk)
	if err != nil {
		return BootKernel
	}
	defer f.Close()
	sector := make([]byte, 512)
	if _, err := io.ReadFull(f, sector); err == nil && sector[0] != 0 && sector[510] == 0x55 && sector[511] == 0xaa {
		return BootDisk
	}
	return BootKernel
}
