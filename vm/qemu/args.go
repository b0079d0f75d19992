package qemu

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Names inside QEMU. The nodes for a point in time are in nodes.go.
const (
	diskDevice = "vd0"        // the guest's device
	diskNode   = "disk0"      // the raw disk
	fileNode   = "disk0-file" // the file below it
)

// props holds properties of a QEMU object. It is encoded as JSON, in which a comma in a path
// needs no escaping.
type props map[string]any

func (p props) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // props contains only strings, numbers, booleans and lists of them
	}
	return string(text)
}

// Args returns the arguments for QEMU. The process must inherit Listeners.Files as its
// first extra files (descriptors 3, 4, 5). If the machine is invalid, the error is
// ErrBadMachine.
func (m Machine) Args() ([]string, error) {
	b, err := hostBoard()
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	args := m.baseArgs(b)
	args = append(args, m.firmwareArgs()...)
	args = append(args, m.bootArgs()...)
	args = append(args, m.controlArgs(b)...)
	args = append(args, m.diskArgs()...)
	args = append(args, m.seedArgs()...)
	args = append(args, m.shareArgs()...)
	return append(args, m.networkArgs()...), nil
}

func (m Machine) baseArgs(b board) []string {
	args := []string{"-nodefaults", "-no-user-config"}
	args = append(args, sandbox...)
	args = append(args,
		"-name", "guest="+strings.ReplaceAll(m.Name, ",", ",,"),
		"-M", m.machineType(b),
		"-accel", accelArg(m.Accel),
		"-cpu", cpuModel(m.Accel),
		"-smp", "cpus="+strconv.Itoa(m.CPUs),
		"-m", "size="+strconv.Itoa(m.MemoryMB)+"M",
		"-display", "none",
		"-object", props{"qom-type": "rng-builtin", "id": "rng0"}.String(),
		"-device", props{"driver": "virtio-rng-pci", "id": "vrng0", "rng": "rng0"}.String(),
	)
	if m.Paused {
		args = append(args, "-S")
	}
	return args
}

// accelArg returns the value for -accel. TCG emulates all processors in one thread: with
// one thread per processor, a processor may keep executing code that another has just
// patched, and Linux patches its own code while it boots (QEMU 7.2.22 with two processors: an
// int3 oops in about one boot of eight).
func accelArg(name string) string {
	if name == TCG {
		return "tcg,thread=single"
	}
	return name
}

// cpuModel returns the CPU model with all features that the accelerator supports.
func cpuModel(accel string) string {
	if accel == TCG {
		return "max"
	}
	return "host"
}

func (m Machine) bootArgs() []string {
	if m.Kernel == "" {
		return nil
	}
	args := []string{"-kernel", m.Kernel, "-append", m.Append}
	if m.Initrd != "" {
		args = append(args, "-initrd", m.Initrd)
	}
	return args
}

// controlArgs returns the arguments for the devices through which the supervisor reaches QEMU and
// the guest: QMP, console, agent.
func (m Machine) controlArgs(b board) []string {
	return []string{
		"-chardev", socketChardev("qmp", qmpFD),
		"-mon", "id=qmp0,chardev=qmp,mode=control",
		"-chardev", socketChardev("console", consoleFD),
		"-device", props{"driver": b.serial, "id": "serial0", "chardev": "console"}.String(),
		"-chardev", socketChardev("agent", agentFD),
		"-device", props{"driver": "virtio-serial-pci", "id": "vserial0"}.String(),
		"-device", props{
			"driver": "virtserialport", "id": "agent0", "bus": "vserial0.0",
			"chardev": "agent", "name": AgentPort,
		}.String(),
	}
}

func socketChardev(id string, fd int) string {
	return "socket,id=" + id + ",fd=" + strconv.Itoa(fd) + ",server=on,wait=off"
}

// diskArgs returns the arguments for the VM's disk.
func (m Machine) diskArgs() []string {
	if m.Lazy != nil {
		return m.Lazy.args()
	}
	return []string{
		"-blockdev", fileProps(fileNode, m.Disk).String(),
		"-blockdev", diskProps().String(),
		"-device", props{
			"driver": "virtio-blk-pci", "id": diskDevice, "drive": diskNode, "bootindex": 1,
		}.String(),
	}
}

// hostCache uses the host's page cache; a flush by the guest reaches the host's disk.
var hostCache = map[string]bool{"direct": false, "no-flush": false}

// fileProps describes the node of a file that the guest writes to.
func fileProps(name, path string) props {
	return props{"driver": "file", "node-name": name, "filename": path, "discard": "unmap", "cache": hostCache}
}

// diskProps describes the raw disk above fileNode.
func diskProps() props {
	return props{
		"driver": "raw", "node-name": diskNode, "file": fileNode,
		"discard": "unmap", "detect-zeroes": "unmap", "cache": hostCache,
	}
}

// seedArgs attaches the seed as a disk, not a CD-ROM: cloud kernels have only virtio drivers.
func (m Machine) seedArgs() []string {
	if m.Seed == "" {
		return nil
	}
	return []string{
		"-blockdev", props{"driver": "file", "node-name": "seed-file", "filename": m.Seed, "read-only": true}.String(),
		"-blockdev", props{"driver": "raw", "node-name": "seed", "file": "seed-file", "read-only": true}.String(),
		"-device", props{"driver": "virtio-blk-pci", "id": "vd1", "drive": "seed"}.String(),
	}
}

func (m Machine) networkArgs() []string {
	netdev := props{"type": "user", "id": netdevID, "restrict": m.Isolated}
	if len(m.Forwards) > 0 {
		forwards := make([]map[string]string, len(m.Forwards))
		for i, f := range m.Forwards {
			forwards[i] = map[string]string{"str": f.hostPort()}
		}
		netdev["hostfwd"] = forwards
	}
	return []string{
		"-netdev", netdev.String(),
		// No romfile: network boot is not supported.
		"-device", props{
			"driver": "virtio-net-pci", "id": "nic0", "netdev": netdevID, "mac": m.MAC, "romfile": "",
		}.String(),
	}
}
