package supervisor

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/console"
	"vmterminal/vm/home"
)

// maxRecord is the maximum size of host.json and last.json in bytes.
const maxRecord = 64 << 10

// processID identifies a process uniquely, unlike a PID, which is reused.
type processID struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // see processStartTime
}

func processIDOf(pid int) (processID, error) {
	started, err := processStartTime(pid)
	return processID{PID: pid, Started: started}, err
}

func (p processID) isAlive() bool {
	started, err := processStartTime(p.PID)
	return err == nil && p.PID > 0 && started == p.Started
}

// runRecord is the content of host.json, which says how to reach a running VM. It may be
// stale: only the locks prove that the VM is running.
type runRecord struct {
	Version    int       `json:"version"`
	Supervisor processID `json:"host"`
	QEMU       processID `json:"qemu"`
	Sockets    string    `json:"sockets"` // folder with the sockets
	Since      time.Time `json:"since"`

	Accelerator    string `json:"accelerator"`
	AcceleratorWhy string `json:"accelerator_why"`
	CPUs           int    `json:"cpus"`
	MemoryMB       int    `json:"memory_mb"`

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
	err := readRecord(dir.LastExit(), &last)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Last{}, err
	}
	// A host.json without a running QEMU is left over from a killed supervisor.
	var rec runRecord
	if readRecord(dir.Supervisor(), &rec) == nil && !rec.QEMU.isAlive() && !rec.Since.Equal(last.Since) {
		return Last{Version: recordVersion, Since: rec.Since, ExitReason: ExitReason{Code: ExitUnrecorded}}, nil
	}
	return last, err
}

const recordVersion = 1

func readRecord(path string, into any) error {
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

// removeTempRecords removes temporary files that a killed supervisor has left behind.
// The caller must hold host.lock, which protects the records.
func removeTempRecords(dir home.VMDir) error {
	return errors.Join(durable.SweepTempsOf(dir.Supervisor()), durable.SweepTempsOf(dir.LastExit()))
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
