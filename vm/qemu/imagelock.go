package qemu

import (
	"errors"
	"os"

	"vmterminal/snapshot/durable/guard"
)

// ErrDiskInUse means that a QEMU process has the disk open for writing although the VM's lock
// is free, so VMTerminal did not start it.
var ErrDiskInUse = errors.New("a QEMU process that VMTerminal did not start is using the disk")

// DiskAttached is the error if a stopped VM's disk is attached to a writable loop device,
// for example while its file system is mounted.
type DiskAttached struct{ Device string }

func (e *DiskAttached) Error() string { return "the disk is attached to " + e.Device }

// ErrDiskAttached is wrapped by every *DiskAttached.
var ErrDiskAttached = errors.New("the disk is attached to a loop device")

func (e *DiskAttached) Unwrap() error { return ErrDiskAttached }

// A Claim keeps other QEMU processes from opening a disk for writing, with the byte locks
// that QEMU uses itself. Close releases it; a nil Claim is valid.
type Claim struct{ f *os.File }

// ClaimDisk claims a stopped VM's disk while it is read or changed. Only QEMU processes that
// VMTerminal starts respect the VM's lock; the claim also detects other QEMU processes and
// writable loop devices. The error, if any, is ErrDiskInUse or a *DiskAttached. The Claim is
// nil if the disk cannot be claimed: it is missing or not a file, or QEMU does not use such
// locks on this system.
func ClaimDisk(path string) (*Claim, error) {
	if !guard.On(guard.ImageLock) {
		return nil, nil
	}
	f, err := lockImage(path)
	if f == nil {
		return nil, err
	}
	return &Claim{f}, nil
}

// Close releases the claim.
func (c *Claim) Close() error {
	if c == nil {
		return nil
	}
	return c.f.Close()
}
