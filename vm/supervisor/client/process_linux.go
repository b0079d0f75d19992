package client

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// processStartTime returns when a process started, in ticks since the boot. Together
// with the pid it identifies the process uniquely.
func processStartTime(pid int) (uint64, error) {
	fields, err := ProcStat(pid)
	if err != nil {
		return 0, err
	}
	const state, started = 0, 19
	if fields[state][0] == 'Z' {
		return 0, fmt.Errorf("process %d has exited", pid)
	}
	return strconv.ParseUint(string(fields[started]), 10, 64)
}

// ProcStat returns the fields of /proc/PID/stat after the process name, at least 22;
// see proc_pid_stat(5). The name is in parentheses and may contain any character.
func ProcStat(pid int) ([][]byte, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 22 {
		return nil, fmt.Errorf("process %d has exited", pid)
	}
	return fields, nil
}
