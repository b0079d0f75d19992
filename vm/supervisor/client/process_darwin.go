package client

import (
	"fmt"

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
