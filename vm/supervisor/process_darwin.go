package supervisor

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// processStartTime returns when a process started, in microseconds. Together with the
// pid it identifies the process uniquely.
func processStartTime(pid int) (uint64, error) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0, err
	}
	const zombie = 5 // SZOMB
	if int(info.Proc.P_pid) != pid || info.Proc.P_stat == zombie {
		return 0, fmt.Errorf("process %d has exited", pid)
	}
	t := info.Proc.P_starttime
	return uint64(t.Sec)*1e6 + uint64(t.Usec), nil
}

// signalProcess sends a signal to process p.
func signalProcess(p processID, sig unix.Signal) error {
	if !p.isAlive() {
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
