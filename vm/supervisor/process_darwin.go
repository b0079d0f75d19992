package supervisor

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"vmterminal/vm/supervisor/client"
)

// signalProcess sends a signal to process p.
func signalProcess(p client.ProcessID, sig unix.Signal) error {
	if !p.IsAlive() {
		return os.ErrProcessDone
	}
	return unix.Kill(p.PID, sig)
}

// peerUID returns the user ID of the peer.
func peerUID(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Xucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
