package supervisor

import (
	"errors"
	"net"
	"os"

	"vmterminal/vm/supervisor/client"

	"golang.org/x/sys/unix"
)

// signalProcess sends a signal to process p, never to another process.
func signalProcess(p client.ProcessID, sig unix.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if !p.IsAlive() {    // checked after PidfdOpen, so that fd refers to p
		return os.ErrProcessDone
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}

// peerUID returns the user ID of the peer.
func peerUID(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
