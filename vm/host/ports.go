package host

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"vmterminal/vm/qemu"
)

// ErrPort says that a port of this computer cannot be forwarded.
var ErrPort = errors.New("cannot be forwarded")

// checkPorts looks whether the ports can be had, as QEMU says less about it. QEMU
// takes them itself a moment later.
func checkPorts(forwards []qemu.Forward) error {
	for _, f := range forwards {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.HostPort)))
		switch {
		case err == nil:
			_ = l.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("port %d of this computer %w: another program or VM has it", f.HostPort, ErrPort)
		case errors.Is(err, syscall.EACCES):
			return fmt.Errorf("port %d of this computer %w: only root may have it", f.HostPort, ErrPort)
		default:
			return fmt.Errorf("port %d of this computer %w: %w", f.HostPort, ErrPort, err)
		}
	}
	return nil
}
