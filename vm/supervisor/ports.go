package supervisor

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// checkPorts checks whether the host ports are available, as QEMU's errors are less
// specific. QEMU binds them a moment later.
func checkPorts(forwards []qemu.Forward) error {
	for _, f := range forwards {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.HostPort)))
		switch {
		case err == nil:
			_ = l.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("host port %d %w: another program or VM uses it", f.HostPort, client.ErrPort)
		case errors.Is(err, syscall.EACCES):
			return fmt.Errorf("host port %d %w: only root may use it", f.HostPort, client.ErrPort)
		default:
			return fmt.Errorf("host port %d %w: %w", f.HostPort, client.ErrPort, err)
		}
	}
	return nil
}
