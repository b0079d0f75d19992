package vm

import (
	"fmt"
	"io"
	"os"

	"vmterminal/app/ondisk"
)

// Boot is what a VM starts with.
type Boot string

// The ways to boot.
const (
	// BootKernel starts the kernel that the program carries with the VM's disk as
	// its root.
	BootKernel Boot = ""
	// BootDisk starts what the disk's own boot loader starts.
	BootDisk Boot = "disk"
	// BootUEFI starts, by UEFI firmware, what the disk's EFI system partition has.
	BootUEFI Boot = "uefi"
)

func (b Boot) check() error {
	if b != BootKernel && b != BootDisk && b != BootUEFI {
		return fmt.Errorf("%.100q is %w for how it boots", string(b), ErrBadConfig)
	}
	return nil
}

// BootIn tells how the disk in a VM's folder boots whose settings are lost.
func BootIn(dir ondisk.VMDir) Boot {
	if st, err := os.Stat(dir.Firmware()); err == nil && st.Size() > 0 {
		return BootUEFI
	}
	return BootOf(dir.Disk())
}

// BootOf tells how a disk boots whose VM's settings are lost, by whether its first
// sector says that there is a boot loader in it, or by what its partitions are.
func BootOf(disk string) Boot {
	if NeedsUEFI(disk) {
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
