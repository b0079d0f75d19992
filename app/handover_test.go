package app

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// memoryDisk is a preserved disk.
type memoryDisk struct{ *bytes.Reader }

func (m memoryDisk) NextData(off int64) (start, end int64, err error) { return off, m.Size(), nil }

// handOverTest is a stoppedDisk that is read while the test plays the part of the supervisor.
type handOverTest struct {
	*Service
	t       *testing.T
	content []byte
	disk    *stoppedDisk
	cancel  context.CancelFunc
	open    func(context.Context) (snapshotSource, error) // openPreserved
	reads   sync.WaitGroup
	failed  chan error // the error of each reader
}

const handOverReaders = 4

func newHandOverTest(t *testing.T) *handOverTest {
	content := make([]byte, 4<<20)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(content)
	h := &handOverTest{Service: serviceWithDisk(t, content), t: t, content: content, failed: make(chan error, handOverReaders)}
	h.open = func(context.Context) (snapshotSource, error) {
		return snapshotSource{source: memoryDisk{bytes.NewReader(content)}, close: func() {}}, nil
	}
	activity := durable.Activity{Code: string(problem.OpSnapshotCreate), Name: "x"}
	job, err := h.lockJob(t.Context(), "dev", activity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(job.release)
	e, err := h.entry("dev")
	if err != nil {
		t.Fatal(err)
	}
	held, err := h.lockDisk(t.Context(), "dev", activity)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(job)
	h.cancel = cancel
	if h.disk, err = h.openStoppedDisk(ctx, e, activity, held); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.disk.close)
	t.Cleanup(cancel)
	h.disk.openPreserved = func(ctx context.Context) (snapshotSource, error) { return h.open(ctx) }
	return h
}

// read starts goroutines that read the disk, with a comparison of all data, until stop is
// called or reading fails.
func (h *handOverTest) read() (stop func()) {
	done := make(chan struct{})
	for n := range handOverReaders {
		h.reads.Go(func() { h.failed <- h.readUntil(done, uint64(n)) })
	}
	return func() { close(done); h.reads.Wait() }
}

func (h *handOverTest) readUntil(done <-chan struct{}, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	buf := make([]byte, 64<<10)
	for {
		select {
		case <-done:
			return nil
		default:
		}
		off := rng.Int64N(int64(len(h.content) - len(buf)))
		if _, err := h.disk.ReadAt(buf, off); err != nil {
			return err
		}
		if !bytes.Equal(buf, h.content[off:off+int64(len(buf))]) {
			return errors.New("read data that is not the disk's before the start")
		}
	}
}

// checkReads checks that all readers ended with an error that wraps want, or without one.
func (h *handOverTest) checkReads(want error) {
	h.t.Helper()
	for range handOverReaders {
		if err := <-h.failed; !errors.Is(err, want) {
			h.t.Errorf("reading: got error %v, want %v", err, want)
		}
	}
}

// requestLock requests a hand-over and acquires the VM's lock like a supervisor.
func (h *handOverTest) requestLock() *durable.Lock {
	h.t.Helper()
	if _, _, err := h.disk.NextData(0); err != nil {
		h.t.Fatal(err)
	}
	if requested, err := h.requestHandOver(h.t.Context(), "dev"); err != nil || !requested {
		h.t.Fatalf("request: got %v, error %v, want true", requested, err)
	}
	l, err := durable.TryLock(h.vms.Dir("dev").Lock(), durable.Activity{Code: client.ActivityRun})
	if err != nil {
		h.t.Fatalf("lock after the request: got error %v, want none", err)
	}
	h.t.Cleanup(func() { _ = l.Close() })
	return l
}

// overwriteDisk changes the disk like a guest.
func (h *handOverTest) overwriteDisk() {
	h.t.Helper()
	f, err := os.OpenFile(h.vms.Dir("dev").Disk(), os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(make([]byte, len(h.content)))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// waitHandedOver waits until the job no longer needs the request.
func (h *handOverTest) waitHandedOver() {
	h.t.Helper()
	for {
		if _, err := os.Stat(h.vms.Dir("dev").JobHandOver()); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err := sleep(h.t.Context(), time.Millisecond); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	h := newHandOverTest(t)
	stop := h.read()
	ran := make(chan struct{})
	open := h.open
	h.open = func(ctx context.Context) (snapshotSource, error) { <-ran; return open(ctx) }
	h.requestLock()
	h.overwriteDisk()
	close(ran)
	h.waitHandedOver()
	if start, end, err := h.disk.NextData(0); start != 0 || end != int64(len(h.content)) || err != nil {
		t.Errorf("data after the hand-over: got %d to %d, error %v; want the whole disk", start, end, err)
	}
	stop()
	h.checkReads(nil)
	if err := h.disk.CheckUnchanged(); err != nil {
		t.Errorf("check after the hand-over: got %v, want no error", err)
	}
	if err := h.disk.Share(nil, 0, snapshot.MaxDisk); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("share blocks after the hand-over: got %v, want %v", err, errors.ErrUnsupported)
	}
}

// The supervisor may exit before the job has read anything from it.
func TestHandOverToVMThatFailsToStart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change bool
		want   error
	}{
		"the guest has not run": {false, nil},
		"the guest has run":     {true, client.ErrNotPreserved},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandOverTest(t)
			stop := h.read()
			defer stop()
			asked := make(chan struct{})
			var once sync.Once
			h.open = func(context.Context) (snapshotSource, error) {
				once.Do(func() { close(asked) })
				return snapshotSource{}, client.ErrNotRunning
			}
			l := h.requestLock()
			<-asked
			if test.change {
				h.overwriteDisk()
			}
			_ = l.Close()
			h.waitHandedOver()
			if test.want != nil {
				h.checkReads(test.want)
				return
			}
			held, by := durable.IsLocked(h.vms.Dir("dev").Lock())
			if !held || by.Activity != h.disk.activity {
				t.Errorf("VM's lock: got held %v by %+v, want it held by the job", held, by)
			}
			if err := h.disk.CheckUnchanged(); err != nil {
				t.Errorf("check: got %v, want no error", err)
			}
			// Another start succeeds.
			h.open = func(context.Context) (snapshotSource, error) {
				return snapshotSource{source: memoryDisk{bytes.NewReader(h.content)}, close: func() {}}, nil
			}
			h.requestLock()
			h.waitHandedOver()
			if h.disk.currentPreserved() == nil {
				t.Error("second start: the disk was not handed over")
			}
		})
	}
}

func TestHandOverFails(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{
		"the disk is not preserved": client.ErrNotPreserved,
		"the supervisor fails":      client.ErrBusy,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandOverTest(t)
			stop := h.read()
			defer stop()
			h.open = func(context.Context) (snapshotSource, error) { return snapshotSource{}, want }
			h.requestLock()
			h.checkReads(want)
		})
	}
}

func TestHandOverOfChangedDisk(t *testing.T) {
	t.Parallel()
	h := newHandOverTest(t)
	h.overwriteDisk()
	if _, _, err := h.disk.NextData(0); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteRequest(h.vms.Dir("dev").JobHandOver(), os.Getpid()); err != nil {
		t.Fatal(err)
	}
	h.waitHandedOver()
	if _, err := h.disk.ReadAt(make([]byte, 1), 0); !errors.Is(err, snapshot.ErrDiskChanged) {
		t.Errorf("read: got error %v, want %v", err, snapshot.ErrDiskChanged)
	}
	if err := h.disk.CheckUnchanged(); !errors.Is(err, snapshot.ErrDiskChanged) {
		t.Errorf("check: got %v, want %v", err, snapshot.ErrDiskChanged)
	}
}

// A job can be canceled while it waits for the VM.
func TestCancelHandOver(t *testing.T) {
	t.Parallel()
	h := newHandOverTest(t)
	stop := h.read()
	defer stop()
	asked := make(chan struct{})
	h.open = func(ctx context.Context) (snapshotSource, error) {
		close(asked)
		<-ctx.Done()
		return snapshotSource{}, ctx.Err()
	}
	h.requestLock()
	<-asked
	h.cancel()
	h.checkReads(context.Canceled)
}

// Only jobs that read a stopped VM's disk are asked to hand it over.
func TestHandOverIsNotRequestedFromOtherJobs(t *testing.T) {
	t.Parallel()
	s := serviceWithDisk(t, []byte("disk"))
	for _, code := range []string{client.ActivityRun, string(problem.OpSnapshotRestore)} {
		l, err := durable.TryLock(s.vms.Dir("dev").Lock(), durable.Activity{Code: code})
		if err != nil {
			t.Fatal(err)
		}
		if requested, err := s.requestHandOver(t.Context(), "dev"); err != nil || requested {
			t.Errorf("%s: got requested %v, error %v, want false", code, requested, err)
		}
		if _, err := os.Stat(s.vms.Dir("dev").JobHandOver()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got a request (%v), want none", code, err)
		}
		_ = l.Close()
	}
}
