// Package vm keeps the VMs on disk: what each one is, which one is active, and
// where its folder lies. It knows nothing of snapshots, of the window, or of
// how commands print. What runs a VM is in its sub-packages: qemu, qmp and nbd
// speak with QEMU, host owns one running VM, agent speaks with the guest.
package vm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/agent/wire"
)

// Errors that callers tell apart. They are wrapped with the name concerned.
var (
	ErrNotFound  = errors.New("no such VM")
	ErrExists    = errors.New("the name is taken")
	ErrNoActive  = errors.New("no VM is active")
	ErrLeftData  = errors.New("the folder of an earlier VM of this name is still there")
	ErrRemains   = errors.New("files of the deleted VM could not be removed")
	ErrBadConfig = errors.New("not a valid setting")
	ErrNewer     = errors.New("written by a newer version of VMTerminal")
	ErrNoDisk    = errors.New("the disk is missing")
	ErrBroken    = errors.New("the VM's settings cannot be used")
)

// ImageBuiltin is the image name of the guest that the program carries.
const ImageBuiltin = "builtin"

// Limits of what a VM can be given.
const (
	MaxCPUs       = 64
	MinMemoryMB   = 96
	MaxMemoryMB   = 1 << 20
	MinDiskSizeMB = 64
	MaxDiskSizeMB = 16 << 20
)

// VM is what is kept of one VM. Sizes are in MiB, as users give them.
type VM struct {
	Name string `json:"name"`
	// ID is the VM's for as long as it is listed, and no other's. By it a guest
	// knows whether its disk was another VM's; "" for one that is not told.
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Image   string    `json:"image"`
	Boot    Boot      `json:"boot,omitempty"`
	// Seeded is a VM whose guest is told by a disk beside its own who it is, and
	// gets our agent from there: see package seed.
	Seeded     bool   `json:"seeded,omitempty"`
	CPUs       int    `json:"cpus"`
	MemoryMB   int    `json:"memory_mb"`
	DiskSizeMB int    `json:"disk_size_mb"`
	MAC        string `json:"mac"`
	// Accel is auto, kvm or tcg.
	Accel   string  `json:"accel"`
	Network Network `json:"network,omitzero"`
	Shares  Shares  `json:"shares,omitempty"`
	// Automatic is when snapshots are taken while the VM runs without anyone
	// asking for them.
	Automatic Automatic `json:"automatic_snapshots,omitzero"`
}

// Check tells what is wrong with the settings; it wraps ErrBadConfig, or
// ondisk.ErrBadName.
func (v VM) Check() error {
	if err := ondisk.CheckName(v.Name); err != nil {
		return err
	}
	for _, n := range []struct {
		what        string
		is, min, to int
		unit        string
	}{
		{"CPUs", v.CPUs, 1, MaxCPUs, ""},
		{"memory", v.MemoryMB, MinMemoryMB, MaxMemoryMB, " MB"},
		{"disk size", v.DiskSizeMB, MinDiskSizeMB, MaxDiskSizeMB, " MB"},
	} {
		if n.is < n.min || n.is > n.to {
			return fmt.Errorf("%d%s is %w for %s: between %d and %d%s", n.is, n.unit, ErrBadConfig, n.what, n.min, n.to, n.unit)
		}
	}
	if v.Accel != "auto" && v.Accel != "kvm" && v.Accel != "tcg" {
		return fmt.Errorf("%.100q is %w for the accelerator: auto, kvm or tcg%s", v.Accel, ErrBadConfig,
			ondisk.DidYouMean(v.Accel, []string{"auto", "kvm", "tcg"}))
	}
	if v.ID != "" && !wire.IsID(v.ID) {
		return fmt.Errorf("%.100q is %w for the ID: letters, digits and hyphens", v.ID, ErrBadConfig)
	}
	if mac, err := net.ParseMAC(v.MAC); err != nil || len(mac) != 6 {
		return fmt.Errorf("%q is %w for the network address (MAC)", v.MAC, ErrBadConfig)
	}
	if err := v.Boot.check(); err != nil {
		return err
	}
	if err := v.Network.Check(); err != nil {
		return err
	}
	if err := v.Shares.Check(); err != nil {
		return err
	}
	return v.Automatic.Check()
}

// DiskSizeMB is what is kept of the size of a disk that is there already. It may
// be smaller than one that is made here.
func DiskSizeMB(bytes int64) int { return int(min(max(bytes>>20, MinDiskSizeMB), MaxDiskSizeMB)) }

// NewIdentity returns a random ID, and a MAC address in the range that QEMU
// uses for guests.
func NewIdentity() (id, mac string) {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x", b[:8]), fmt.Sprintf("52:54:00:%02x:%02x:%02x", b[8], b[9], b[10])
}
