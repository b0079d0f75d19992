package qemu

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// AgentPort is the name of the virtio-serial port that the agent in the guest uses.
const AgentPort = "org.vmterminal.agent"

// ErrBadMachine means that a Machine has invalid or contradictory fields.
var ErrBadMachine = errors.New("invalid machine")

// Machine is the configuration of one VM's QEMU. Paths must be absolute.
type Machine struct {
	Name     string // shown in the process list
	Accel    string // Accelerator.Name
	CPUs     int
	MemoryMB int // MiB
	Disk     string
	Lazy     *LazyDisk // instead of Disk, which is still being filled in; nil for an ordinary disk
	Firmware Firmware
	Seed     string // a second, read-only disk; "" for none

	// Kernel is booted directly with Initrd ("" for none) and the command line Append. If
	// Kernel is empty, the disk boots.
	Kernel, Initrd, Append string

	MAC      string // "52:54:00:12:34:56"
	Isolated bool   // no network except forwarded ports
	Forwards []Forward
	Shares   []Share

	// Paused machines wait for the QMP command cont, so that no console output is lost
	// before the console is read.
	Paused bool
}

// Forward forwards a TCP port on 127.0.0.1 of the host to a port in the guest.
type Forward struct {
	HostPort  int `json:"host"`
	GuestPort int `json:"guest"`
}

// ConsoleDevice returns the console's device name inside the guest, for "console=" in
// Append.
func ConsoleDevice() string {
	b, _ := hostBoard()
	return b.console
}

// check rejects values that QEMU would reject late or not at all.
func (m Machine) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrBadMachine, fmt.Sprintf(format, args...))
	}
	for _, s := range m.Shares {
		if !filepath.IsAbs(s.Path) {
			return bad("path of a shared folder is not absolute: %q", s.Path)
		}
	}
	for what, path := range map[string]string{"disk": m.Disk, "seed": m.Seed, "kernel": m.Kernel, "initrd": m.Initrd, "firmware": m.Firmware.Code, "variables": m.Firmware.Variables} {
		if path != "" && !filepath.IsAbs(path) {
			return bad("path of the %s is not absolute: %q", what, path)
		}
	}
	if m.Lazy != nil {
		if err := m.Lazy.check(); err != nil {
			return bad("%v", err)
		}
	}
	switch {
	case m.Name == "":
		return bad("no name")
	case m.Accel == "":
		return bad("no accelerator")
	case m.CPUs < 1 || m.CPUs > maxCPUs:
		return bad("%d CPUs, must be 1 to %d", m.CPUs, maxCPUs)
	case m.MemoryMB < 1:
		return bad("%d MB of memory", m.MemoryMB)
	case m.Disk == "":
		return bad("no disk")
	case (m.Firmware.Code == "") != (m.Firmware.Variables == ""):
		return bad("firmware without variables, or variables without firmware")
	case m.Kernel == "" && (m.Initrd != "" || m.Append != ""):
		return bad("initrd or command line without a kernel")
	}
	if mac, err := net.ParseMAC(m.MAC); err != nil || len(mac) != 6 || mac[0]&1 != 0 {
		return bad("%q is not a unicast MAC address", m.MAC)
	}
	for _, f := range m.Forwards {
		if err := f.Check(); err != nil {
			return bad("%v", err)
		}
	}
	return nil
}

// maxCPUs is the limit of QEMU's machine types.
const maxCPUs = 255

// Check returns an error unless both ports are valid.
func (f Forward) Check() error {
	for _, port := range []int{f.HostPort, f.GuestPort} {
		if port < 1 || port > 65535 {
			return fmt.Errorf("%d is not a port number", port)
		}
	}
	return nil
}

// hostPort returns the forward in QEMU's syntax. Without the address QEMU would listen on
// all interfaces.
func (f Forward) hostPort() string {
	return "tcp:127.0.0.1:" + strconv.Itoa(f.HostPort) + "-:" + strconv.Itoa(f.GuestPort)
}
