package vm

import (
	"fmt"
	"io"
	"os"
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
)

func (b Boot) check() error {
	if b != BootKernel && b != BootDisk {
		return fmt.Errorf("%.100q is %w for how it boots", string(b), ErrBadConfig)
	}
	return nil
}

// BootOf tells how a disk boots whose VM's settings are lost, by whether its first
// sector says that there is a boot loader in it.
func BootOf(disk string) Boot {
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
