// Package vm stores the list of VMs: their settings, which one is active, and their folders.
// Its sub-packages run VMs: qemu, qmp and nbd talk to QEMU, supervisor owns one running VM,
// agent talks to the guest. Package vm must not import package snapshot or a front end, so
// that VMs can be managed without either.
package vm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/agent/wire"
)

// Errors that callers distinguish. They are wrapped with the name or path concerned.
var (
	ErrNotFound    = errors.New("no such VM")
	ErrExists      = errors.New("the name is taken")
	ErrNoActive    = errors.New("no VM is active")
	ErrDataExists  = errors.New("a folder from an earlier VM of this name still exists")
	ErrFilesRemain = errors.New("some files of the deleted VM could not be removed")
	// ErrFolderRemains and ErrCannotRename occur on overlay file systems, which can remove
	// a folder from a lower layer but not rename it.
	ErrFolderRemains = errors.New("the folder of the deleted VM could not be removed")
	ErrCannotRename  = errors.New("the file system cannot rename the folder of this VM")
	ErrBadConfig     = errors.New("not a valid setting")
	ErrNewer         = errors.New("written by a newer version of VMTerminal")
	ErrNoDisk        = errors.New("the disk is missing")
	// ErrNoList means that vms.json is missing although there are folders of VMs.
	ErrNoList = errors.New("the list of VMs is missing although there are folders of VMs")
	// ErrLinkedFilesRemain means that the folder of a deleted VM linked to files elsewhere.
	ErrLinkedFilesRemain = errors.New("files outside the VM's folder were not removed")
	ErrBroken            = errors.New("the VM's settings cannot be used")
)

// ImageBuiltin is the image name of the built-in guest.
const ImageBuiltin = "builtin"

// Limits of a VM's settings.
const (
	MaxCPUs       = 64
	MinMemoryMB   = 96
	MaxMemoryMB   = 1 << 20
	MinDiskSizeMB = 64
	MaxDiskSizeMB = 16 << 20
)

// VM holds the settings of one VM. Sizes are in MiB.
type VM struct {
	Name string `json:"name"`
	// ID is unique and does not change while the VM is listed. The guest compares it with the
	// ID stored on its disk to detect a disk that comes from another VM. If it is empty, the
	// guest receives no identity.
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Image   string    `json:"image"`
	Boot    Boot      `json:"boot,omitempty"`
	// Seeded means that the guest gets its identity and our agent from a second disk: see
	// package seed.
	Seeded     bool   `json:"seeded,omitempty"`
	CPUs       int    `json:"cpus"`
	MemoryMB   int    `json:"memory_mb"`
	DiskSizeMB int    `json:"disk_size_mb"`
	MAC        string `json:"mac"`
	// Accel is auto, kvm or tcg.
	Accel   string  `json:"accel"`
	Network Network `json:"network,omitzero"`
	Shares  Shares  `json:"shares,omitempty"`
	// Automatic is the schedule of automatic snapshots, taken while the VM runs.
	Automatic Automatic `json:"automatic_snapshots,omitzero"`
	// Temporary VMs are deleted when they stop. Versions without this member do not delete
	// them, and preserve it.
	Temporary bool `json:"temporary,omitempty"`
}

// Check validates the settings. The error, if any, wraps ErrBadConfig or durable.ErrBadName.
func (v VM) Check() error {
	if err := durable.CheckName(v.Name); err != nil {
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
		return &durable.UnknownNameError{
			Err:  fmt.Errorf("%.100q is %w for the accelerator: auto, kvm or tcg", v.Accel, ErrBadConfig),
			Name: v.Accel, Known: []string{"auto", "kvm", "tcg"},
		}
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

// DiskSizeMB converts the size of an existing disk to MiB, limited to the valid range.
func DiskSizeMB(bytes int64) int { return int(min(max(bytes>>20, MinDiskSizeMB), MaxDiskSizeMB)) }

// NewIdentity returns a random ID and a random MAC address from QEMU's range.
func NewIdentity() (id, mac string) {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x", b[:8]), fmt.Sprintf("52:54:00:%02x:%02x:%02x", b[8], b[9], b[10])
}
