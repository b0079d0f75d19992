package client

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/console"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// Activity codes in the locks of running VMs.
const (
	ActivityRun  = "vm_run"
	ActivityStop = "vm_stop" // stopping a QEMU without a supervisor
)

// IsRunningVM reports whether the holder of a VM's lock is running the VM.
func IsRunningVM(holder durable.Holder) bool {
	return holder.Activity.Code == ActivityRun || holder.Activity == durable.Activity{Name: "running the VM"} // recorded by earlier versions
}

// ErrSupervisorAlive means that the supervisor exists but does not answer.
var ErrSupervisorAlive = fmt.Errorf("%w, but its supervisor is running", ErrNotAnswering)

// FindOrphan returns the record of a QEMU that runs without its supervisor. If there is
// none, the error is ErrNotRunning, ErrSupervisorAlive or ErrOtherUser.
func FindOrphan(dir home.VMDir) (RunRecord, error) {
	held, by, lockErr := durable.QueryLock(dir.Lock())
	hostHeld, _, hostErr := durable.QueryLock(dir.SupervisorLock())
	var rec RunRecord
	readErr := ReadRecord(dir.Supervisor(), &rec)
	if lockErr != nil || held && (by.PID == 0 || IsRunningVM(by)) { // not held by a job
		for _, err := range []error{lockErr, hostErr, readErr} {
			if errors.Is(err, fs.ErrPermission) {
				return RunRecord{}, fmt.Errorf("%w: %w", ErrOtherUser, err)
			}
		}
	}
	switch {
	case !held:
		return RunRecord{}, ErrNotRunning
	case hostHeld:
		return RunRecord{}, ErrSupervisorAlive
	case readErr != nil || !rec.QEMU.IsAlive():
		return RunRecord{}, ErrNotRunning // a job holds the lock
	}
	return rec, nil
}

// maxRecord is the maximum size of host.json and last.json in bytes.
const maxRecord = 64 << 10

// ProcessID identifies a process uniquely, unlike a PID, which is reused.
type ProcessID struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // see processStartTime
}

// ProcessIDOf returns the identity of a running process.
func ProcessIDOf(pid int) (ProcessID, error) {
	started, err := processStartTime(pid)
	return ProcessID{PID: pid, Started: started}, err
}

// IsAlive reports whether the process is running.
func (p ProcessID) IsAlive() bool {
	started, err := processStartTime(p.PID)
	return err == nil && p.PID > 0 && started == p.Started
}

// RunRecord is the content of host.json, which says how to reach a running VM. It may be
// stale: only the locks prove that the VM is running.
type RunRecord struct {
	Version    int       `json:"version"`
	Supervisor ProcessID `json:"host"`
	QEMU       ProcessID `json:"qemu"`
	Sockets    string    `json:"sockets"` // folder with the sockets
	Since      time.Time `json:"since"`

	Accelerator       string      `json:"accelerator"`
	AcceleratorReason qemu.Reason `json:"accelerator_reason,omitempty"`
	AcceleratorText   string      `json:"accelerator_why,omitempty"` // by an earlier version, instead of the reason
	CPUs              int         `json:"cpus"`
	MemoryMB          int         `json:"memory_mb"`

	DiskInode uint64 `json:"disk_inode,omitempty"` // of the disk that QEMU opened
}

// Last is the content of last.json, the record of a VM's last run.
type Last struct {
	Version    int        `json:"version"`
	Since      time.Time  `json:"since"` // start of QEMU, UTC
	ExitedAt   time.Time  `json:"left"`  // UTC; zero if unknown
	ExitReason ExitReason `json:"exit_reason,omitzero"`
	// Orderly reports whether the guest powered off by itself, with its file systems
	// unmounted.
	Orderly bool `json:"orderly"`
	// ReplacedDisk describes the guest's disk if disk.raw was replaced during the run.
	ReplacedDisk ReplacedDisk `json:"replaced_disk,omitzero"`
}

// ReadLast returns the last completed run of a VM, or fs.ErrNotExist if the VM has
// never run.
func ReadLast(dir home.VMDir) (Last, error) {
	var last Last
	err := ReadRecord(dir.LastExit(), &last)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Last{}, err
	}
	// A host.json without a running QEMU is left over from a killed supervisor.
	var rec RunRecord
	if ReadRecord(dir.Supervisor(), &rec) == nil && !rec.QEMU.IsAlive() && !rec.Since.Equal(last.Since) {
		return Last{Version: RecordVersion, Since: rec.Since, ExitReason: ExitReason{Code: ExitUnrecorded}}, nil
	}
	return last, err
}

// RecordVersion is the current value of the field Version in host.json and last.json.
const RecordVersion = 1

// ReadRecord reads host.json or last.json.
func ReadRecord(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return err
	}
	return durable.ParseJSON(path, data, into)
}

// LastConsole returns roughly the last n bytes of the console's output, starting at a
// line, whether or not the VM is running. It returns nothing for a VM that has never
// run.
func LastConsole(dir home.VMDir, n int) ([]byte, error) {
	return console.Tail(dir.ConsoleLog(), dir.ConsoleLogOld(), min(max(n, 0), 2*console.LogLimit))
}

// ReadLog returns roughly the last n bytes of host.log, the log of the VM's supervisor
// and QEMU, starting at a line. It returns nothing for a VM that has never run.
func ReadLog(dir home.VMDir, n int) ([]byte, error) {
	return console.Tail(dir.SupervisorLog(), dir.SupervisorLogOld(), min(max(n, 0), 2*console.LogLimit))
}
