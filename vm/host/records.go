package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/console"
)

// maxRecord bounds host.json and last.json, in bytes.
const maxRecord = 64 << 10

// processID names one process for ever.
type processID struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // see startTime
}

func identify(pid int) (processID, error) {
	started, err := startTime(pid)
	return processID{PID: pid, Started: started}, err
}

func (p processID) alive() bool {
	started, err := startTime(p.PID)
	return err == nil && p.PID > 0 && started == p.Started
}

// hostRecord is host.json: where to look for a running VM. It proves nothing;
// the locks do.
type hostRecord struct {
	Version int       `json:"version"`
	Host    processID `json:"host"`
	QEMU    processID `json:"qemu"`
	Sockets string    `json:"sockets"` // folder
	Since   time.Time `json:"since"`

	Accelerator    string `json:"accelerator"`
	AcceleratorWhy string `json:"accelerator_why"`
	CPUs           int    `json:"cpus"`
	MemoryMB       int    `json:"memory_mb"`
}

// Last is last.json: how a VM last left.
type Last struct {
	Version int       `json:"version"`
	Since   time.Time `json:"since"` // start of QEMU, UTC
	Left    time.Time `json:"left"`  // UTC; zero when not known
	// How is what happened, as people are told: "powered off by the guest".
	How string `json:"how"`
	// Orderly tells whether the guest itself powered off, its disk quiet.
	Orderly bool `json:"orderly"`
	// Detail is QEMU's last word, where it died; else "".
	Detail string `json:"detail,omitempty"`
}

// unrecorded is how a VM left whose host process could not write it down.
const unrecorded = "ended without a record: its host process was killed, or the power failed"

// ReadLast tells how the VM last left. A VM that has never run is
// fs.ErrNotExist. While it runs, it tells of the time before.
func ReadLast(dir ondisk.VMDir) (Last, error) {
	var last Last
	err := readRecord(dir.Last(), &last)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Last{}, err
	}
	// host.json of a run without a QEMU is what a lost host process leaves.
	var rec hostRecord
	if readRecord(dir.Host(), &rec) == nil && !rec.QEMU.alive() && !rec.Since.Equal(last.Since) {
		return Last{Version: recordVersion, Since: rec.Since, How: unrecorded}, nil
	}
	return last, err
}

// LastLeft is ReadLast for a list of VMs: how and when, both zero when that is
// not known.
func LastLeft(dir ondisk.VMDir) (how string, when time.Time) {
	last, err := ReadLast(dir)
	if err != nil {
		return "", time.Time{}
	}
	return last.How, last.Left
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
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// sweepRecords removes what a host process that was killed has left of records
// that it was writing. The caller holds host.lock, as all do who write them.
func sweepRecords(dir ondisk.VMDir) error {
	return errors.Join(ondisk.SweepTempsOf(dir.Host()), ondisk.SweepTempsOf(dir.Last()))
}

// LastConsole returns about the last n bytes of the console's text, from the
// start of a line, whether the VM runs or not. A VM that has never run has
// none.
func LastConsole(dir ondisk.VMDir, n int) ([]byte, error) {
	return console.Tail(dir.ConsoleLog(), dir.ConsoleLogOld(), min(max(n, 0), 2*console.LogLimit))
}

// Log returns about the last n bytes of what the VM's host process, and its QEMU,
// had to say, from the start of a line. A VM that has never run has none.
func Log(dir ondisk.VMDir, n int) ([]byte, error) {
	return console.Tail(dir.HostLog(), dir.HostLogOld(), min(max(n, 0), 2*console.LogLimit))
}
