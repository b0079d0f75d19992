package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/supervisor/client"
)

// A job that reads the disk of a stopped VM does not keep the VM from starting:
//
//   - Start writes a request, home.VMDir.JobHandOver, and waits until the job has released
//     the VM's lock.
//   - The job stops reading and releases the lock. As long as the request exists, every
//     supervisor that starts preserves the disk as it is before the guest runs.
//   - The job continues with the preserved disk. If the VM does not start, Start removes the
//     request, and the job locks the disk again and continues with the file.

const (
	// handOverTimeout is how long Start waits until a job has released the VM's lock.
	handOverTimeout = 10 * time.Second
	// startTimeout is how long a job that has released the VM's lock waits until the VM
	// starts, if the process in Start was killed.
	startTimeout = 30 * time.Second
	// handOverPollInterval is how often both look for the other's request and locks.
	handOverPollInterval = 20 * time.Millisecond
)

// requestHandOver asks a job that reads the disk of a stopped VM to release the VM's lock, and
// waits until it has. If the job does not release it in time, the lock is still held.
// requestHandOver reports whether it has written a request.
func (s *Service) requestHandOver(ctx context.Context, name string) (requested bool, err error) {
	dir := s.vms.Dir(name)
	held, job := durable.IsLocked(dir.Lock())
	if !held || job.Activity.Code != string(problem.OpSnapshotCreate) && job.Activity.Code != string(problem.OpVMClone) {
		return false, nil
	}
	start := time.Now()
	if err := durable.WriteRequest(dir.JobHandOver(), job.PID); err != nil {
		return false, err
	}
	for time.Since(start) < handOverTimeout {
		if held, now := durable.IsLocked(dir.Lock()); !held || now != job {
			s.opt.Log.Debug("a job has released the disk", "vm", name, "duration", time.Since(start))
			return true, nil
		}
		if err := sleep(ctx, handOverPollInterval); err != nil {
			return true, err
		}
	}
	return true, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stoppedDisk is the disk of a stopped VM as a source. If the VM starts while the disk is
// read, the source continues with the disk as it was before. It watches for requests from the
// first NextData on: until then the job can read the other files that the guest changes.
type stoppedDisk struct {
	s        *Service
	vm       string
	activity durable.Activity
	disk     *snapshot.Disk
	// openPreserved opens the disk as it was before the VM started.
	openPreserved func(context.Context) (snapshotSource, error)

	startWatching func() // may be called more than once
	stopWatching  func() // waits until a hand-over has ended

	mu        sync.RWMutex    // locked during a hand-over
	locks     locks           // of the disk; nil after a hand-over
	preserved *snapshotSource // the disk as it was before the VM started; nil if it has not
	err       error           // why the disk can no longer be read
}

// openStoppedDisk opens the disk of a stopped VM. The caller must hold the job lock and passes
// on the locks of the disk.
func (s *Service) openStoppedDisk(ctx context.Context, e vm.Entry, activity durable.Activity, held locks) (*stoppedDisk, error) {
	disk, err := snapshot.OpenDisk(s.vms.Dir(e.Name).Disk())
	if err != nil {
		return nil, err
	}
	d := &stoppedDisk{s: s, vm: e.Name, activity: activity, disk: disk, locks: held}
	d.openPreserved = func(ctx context.Context) (snapshotSource, error) {
		return s.openPointInTime(ctx, e.Name, d.beginInitial)
	}
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	d.startWatching = sync.OnceFunc(func() { watch.Go(func() { d.watchRequests(ctx) }) })
	d.stopWatching = func() { cancel(); watch.Wait() }
	return d, nil
}

// beginInitial requests the disk as it was before the guest ran, and checks that the VM uses
// the same disk and that nothing has written to it since it was opened.
func (d *stoppedDisk) beginInitial(vmClient *client.Client, ctx context.Context) (client.PointInTime, error) { //nolint:revive // like the methods of Client
	pit, err := vmClient.InitialPointInTime(ctx)
	if err == nil && (!d.disk.IsFile(pit.DiskInode, pit.DiskModified) || pit.Size < d.disk.Size()) {
		_ = pit.Close()
		return client.PointInTime{}, fmt.Errorf("%w: another program changed it before", client.ErrNotPreserved)
	}
	return pit, err
}

// snapshotSource returns d as a source, whose close releases the disk's locks.
func (d *stoppedDisk) snapshotSource() snapshotSource {
	return snapshotSource{
		source: d, taken: snapshot.TakenStopped,
		wrapError: func(ctx context.Context, err error) error {
			if p := d.currentPreserved(); p != nil {
				return p.wrapError(ctx, err)
			}
			return err
		},
		onCreated: func(ctx context.Context, i snapshot.Info) {
			if p := d.currentPreserved(); p != nil {
				p.onCreated(ctx, i)
			}
		},
		close: d.close,
	}
}

func (d *stoppedDisk) currentPreserved() *snapshotSource {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.preserved
}

func (d *stoppedDisk) close() {
	d.stopWatching()
	if d.preserved != nil {
		d.preserved.close()
	}
	d.disk.Close()
	d.locks.release()
	_ = durable.ClearRequest(d.s.vms.Dir(d.vm).JobHandOver()) // the next job removes it, too
}

// current returns the source to read from. The caller must hold mu.
func (d *stoppedDisk) current() (snapshot.Source, error) {
	if d.preserved != nil {
		return d.preserved.source, nil
	}
	return d.disk, d.err
}

// Size returns the disk's size in bytes.
func (d *stoppedDisk) Size() int64 { return d.disk.Size() }

// ReadAt implements io.ReaderAt.
func (d *stoppedDisk) ReadAt(p []byte, off int64) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	src, err := d.current()
	if err != nil {
		return 0, err
	}
	return src.ReadAt(p, off)
}

// NextData implements snapshot.Source.
func (d *stoppedDisk) NextData(off int64) (start, end int64, err error) {
	d.startWatching()
	d.mu.RLock()
	defer d.mu.RUnlock()
	src, err := d.current()
	if err != nil {
		return 0, 0, err
	}
	return src.NextData(off)
}

// Share implements snapshot.StoppedSource. A preserved disk cannot share its blocks.
func (d *stoppedDisk) Share(dst *os.File, off, n int64) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.locks == nil {
		return errors.ErrUnsupported
	}
	return d.disk.Share(dst, off, n)
}

// CheckUnchanged implements snapshot.StoppedSource. After a hand-over it returns nil, because
// the disk was checked before.
func (d *stoppedDisk) CheckUnchanged() error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.locks == nil {
		return nil
	}
	return d.disk.CheckUnchanged()
}

// watchRequests hands the disk over when that is requested, until ctx ends.
func (d *stoppedDisk) watchRequests(ctx context.Context) {
	for sleep(ctx, handOverPollInterval) == nil {
		if durable.IsRequested(d.s.vms.Dir(d.vm).JobHandOver(), os.Getpid()) && d.handOver(ctx) {
			return
		}
	}
}

// handOver lets the VM start. It returns false if the VM did not start and the disk is locked
// again.
func (d *stoppedDisk) handOver(ctx context.Context) bool {
	d.mu.Lock() // waits for reads
	defer d.mu.Unlock()
	defer durable.ClearRequest(d.s.vms.Dir(d.vm).JobHandOver()) //nolint:errcheck // the next job removes it, too
	if d.err = d.disk.CheckUnchanged(); d.err != nil {
		return true
	}
	start := time.Now()
	d.locks.release()
	d.locks = nil
	d.err = d.awaitStart(ctx)
	d.s.opt.Log.Debug("handed the disk over", "vm", d.vm, "duration", time.Since(start), "preserved", d.preserved != nil, "succeeded", d.err == nil)
	return d.locks == nil
}

// awaitStart waits until the VM has started and opens the preserved disk. If the VM does not
// start, it locks the disk again. The caller must have locked mu.
func (d *stoppedDisk) awaitStart(ctx context.Context) error {
	wasStarted := false
	dir := d.s.vms.Dir(d.vm)
	for start := time.Now(); ; {
		held, holder := durable.IsLocked(dir.Lock())
		isLate := time.Since(start) > startTimeout
		switch {
		case held && client.IsRunningVM(holder):
			wasStarted = true
			preserved, err := d.openPreserved(ctx)
			if err == nil {
				d.preserved = &preserved
				return nil
			}
			isStarting := errors.Is(err, client.ErrNotAnswering) && !isLate
			if !isStarting && !errors.Is(err, ErrStopped) && !errors.Is(err, client.ErrNotRunning) {
				return err
			}
		case !held && (wasStarted || isLate || !durable.IsRequested(dir.JobHandOver(), os.Getpid())):
			err := d.lockAgain(ctx)
			if !errors.Is(err, ErrRunning) && !errors.Is(err, durable.ErrLocked) {
				return err
			}
		}
		if err := sleep(ctx, handOverPollInterval); err != nil {
			return err
		}
	}
}

// lockAgain locks the disk after a start that failed, and checks that the guest has not
// changed it.
func (d *stoppedDisk) lockAgain(ctx context.Context) error {
	held, err := d.s.lockDisk(ctx, d.vm, d.activity)
	if err != nil {
		return err
	}
	if err := d.disk.CheckUnchanged(); err != nil {
		held.release()
		return fmt.Errorf("%w: %w", client.ErrNotPreserved, err)
	}
	d.locks = held
	return nil
}
