package qemu

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// AgentPort is the name of the virtio-serial port on which the agent in the
// guest listens.
const AgentPort = "org.vmterminal.agent"

// ErrBadMachine is the cause when a Machine makes no sense.
var ErrBadMachine = errors.New("not a valid machine")

// Machine is what one VM's QEMU is made of. Paths are absolute.
type Machine struct {
	Name     string // shown in the list of processes
	Accel    string // Accelerator.Name
	CPUs     int
	MemoryMB int // MiB
	Disk     string
	Firmware Firmware
	Seed     string // a second disk, which the guest can only read; "" for none

	// Kernel is booted directly with Initrd ("" for none) and the command
	// line Append; without a Kernel the disk boots.
	Kernel, Initrd, Append string

	MAC      string // "52:54:00:12:34:56"
	Isolated bool   // no network beyond the forwarded ports
	Forwards []Forward
	Shares   []Share

	// Paused machines wait for the QMP command cont, so that nothing the guest
	// says is lost before someone reads its console.
	Paused bool
}

// Forward leads a TCP port of this computer's 127.0.0.1 into the guest.
type Forward struct {
	HostPort  int `json:"host"`
	GuestPort int `json:"guest"`
}

// ConsoleDevice is the name that the console has inside the guest, for
// "console=" in Append.
func ConsoleDevice() string {
	b, _ := hostBoard()
	return b.console
}

// check refuses what QEMU would refuse late, or not at all.
func (m Machine) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrBadMachine, fmt.Sprintf(format, args...))
	}
	for _, s := range m.Shares {
		if !filepath.IsAbs(s.Path) {
			return bad("the path of a shared folder is not absolute: %q", s.Path)
		}
	}
	for what, path := range map[string]string{"disk": m.Disk, "seed": m.Seed, "kernel": m.Kernel, "initrd": m.Initrd, "firmware": m.Firmware.Code, "variables": m.Firmware.Variables} {
		if path != "" && !filepath.IsAbs(path) {
			return bad("the path of its %s is not absolute: %q", what, path)
		}
	}
	switch {
	case m.Name == "":
		return bad("it has no name")
	case m.Accel == "":
		return bad("it has no accelerator")
	case m.CPUs < 1 || m.CPUs > maxCPUs:
		return bad("%d CPUs, not 1 to %d", m.CPUs, maxCPUs)
	case m.MemoryMB < 1:
		return bad("%d MB of memory", m.MemoryMB)
	case m.Disk == "":
		return bad("it has no disk")
	case (m.Firmware.Code == "") != (m.Firmware.Variables == ""):
		return bad("firmware without variables, or the other way round")
	case m.Kernel == "" && (m.Initrd != "" || m.Append != ""):
		return bad("an initrd or a command line without a kernel")
	}
	if mac, err := net.ParseMAC(m.MAC); err != nil || len(mac) != 6 || mac[0]&1 != 0 {
		return bad("%q is no MAC address of one network card", m.MAC)
	}
	for _, f := range m.Forwards {
		if err := f.Check(); err != nil {
			return bad("%v", err)
		}
	}
	return nil
}

// maxCPUs is what both boards of QEMU take.
const maxCPUs = 255

// Check tells what is wrong with the ports.
func (f Forward) Check() error {
	for _, port := range []int{f.HostPort, f.GuestPort} {
		if port < 1 || port > 65535 {
			return fmt.Errorf("%d is no port", port)
		}
	}
	return nil
}

// hostPort is QEMU's way to write a forwarded port; without the address it
// would listen on all of the computer's.
func (f Forward) hostPort() string {
	return "tcp:127.0.0.1:" + strconv.Itoa(f.HostPort) + "-:" + strconv.Itoa(f.GuestPort)
}
