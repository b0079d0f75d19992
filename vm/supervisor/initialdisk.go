package supervisor

import (
	"context"
	"sync"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

const (
	// initialDiskTimeout is how long the disk as it was before the guest ran is preserved
	// for a job that does not request it.
	initialDiskTimeout = 30 * time.Second
	// initialDiskPollInterval is how often the supervisor checks whether that job is still
	// running.
	initialDiskPollInterval = 100 * time.Millisecond
)

// initialDisk is the disk as it was before the guest ran, until the job that was reading
// the disk of the stopped VM requests it.
type initialDisk struct {
	job     int           // pid of the job that waits for the disk, or 0
	decided chan struct{} // closed when the VM has started or failed to start

	mu  sync.Mutex
	pit *activePointInTime // nil if it is not preserved, or no longer
	err error              // why it is not
}

func newInitialDisk() *initialDisk {
	return &initialDisk{decided: make(chan struct{}), err: client.ErrNotPreserved}
}

// findWaitingJob finds the job that has let the VM start while it read the disk.
func (m *machine) findWaitingJob() error {
	held, job := durable.IsLocked(m.spec.Dir.JobLock())
	if held && durable.IsRequested(m.spec.Dir.JobHandOver(), job.PID) {
		m.initial.job = job.PID
	}
	return nil
}

// isJobRunning reports whether the job that waits for the disk is still running.
func (m *machine) isJobRunning() bool {
	held, job := durable.IsLocked(m.spec.Dir.JobLock())
	return held && job.PID == m.initial.job
}

// take returns the point in time, which the caller must end, and removes it from d. It
// returns an error if no point in time exists.
func (d *initialDisk) take() (*activePointInTime, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	pit := d.pit
	if pit == nil {
		return nil, d.err
	}
	d.pit, d.err = nil, client.ErrNotPreserved
	return pit, nil
}

// await is like take, but first waits until the VM has started or failed to start.
func (d *initialDisk) await(ctx context.Context) (*activePointInTime, error) {
	select {
	case <-d.decided:
		return d.take()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// replace ends the previous point in time, if any, and sets the next one, or the reason why
// the disk is not preserved.
func (d *initialDisk) replace(pit *activePointInTime, err error) {
	d.mu.Lock()
	previous := d.pit
	d.pit, d.err = pit, err
	d.mu.Unlock()
	if previous != nil {
		_ = previous.end()
	}
}

// decide makes the point in time available to await. err is the result of the start; if
// the VM failed to start, nothing needs to be preserved.
func (d *initialDisk) decide(err error) {
	if err != nil {
		d.replace(nil, client.ErrNotRunning)
	}
	close(d.decided)
}

func (d *initialDisk) isDecided() bool {
	select {
	case <-d.decided:
		return true
	default:
		return false
	}
}

// preserveInitialDisk preserves the disk as it is before the guest runs, if a job waits for
// it. A failure only affects that job.
func (m *machine) preserveInitialDisk(ctx context.Context) {
	if m.initial.isDecided() || m.initial.job == 0 {
		return
	}
	m.initial.replace(nil, nil) // that of a QEMU that failed before
	pit, err := m.beginPointInTime(ctx, true)
	if err != nil {
		m.noteLog.writeNote("the disk was not preserved for the job that was reading it: " + err.Error())
	}
	m.initial.replace(pit, err)
}

// expireInitialDisk ends the preserved disk if its job exits or does not request it in time.
func (m *machine) expireInitialDisk() {
	poll := time.NewTicker(initialDiskPollInterval)
	defer poll.Stop()
	timeout := time.After(initialDiskTimeout)
	for waiting := true; waiting; {
		select {
		case <-poll.C:
			waiting = m.isJobRunning()
		case <-timeout:
			waiting = false
		case <-m.exited:
			waiting = false
		}
	}
	m.initial.replace(nil, client.ErrNotPreserved)
}
