package qemu

import (
	"errors"
	"os"

	"vmterminal/app/ondisk/guard"
)

// ErrDiskInUse says that a QEMU writes to a disk whose VM is not running, as far
// as its lock tells: it was started by other means.
var ErrDiskInUse = errors.New("a QEMU that was not started here is using the disk")

// A Claim keeps every QEMU from opening a disk for writing, in QEMU's own way of
// locking it. Close gives it up, and does nothing on nil.
type Claim struct{ f *os.File }

// ClaimDisk claims a stopped VM's disk, for as long as it is read or changed. Who has
// the VM's lock, which only our own QEMU knows, learns of any other. The error is
// ErrDiskInUse. What cannot be claimed is a disk that is missing or is no file,
// and any disk where QEMU has no such locks: the Claim is nil then.
func ClaimDisk(path string) (*Claim, error) {
	if !guard.On(guard.ImageLock) {
		return nil, nil
	}
	f, err := claim(path)
	if f == nil {
		return nil, err
	}
	return &Claim{f}, nil
}

// Close gives up the claim.
func (c *Claim) Close() error {
	if c == nil {
		return nil
	}
	return c.f.Close()
}
