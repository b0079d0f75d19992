package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/nbd"
)

const diskSize = 8 << 20

func (r *testVM) options() Options {
	return Options{Fleece: filepath.Join(filepath.Dir(r.disk), "fleece,x.qcow2"), Socket: r.sockets.NBD()}
}

// readImage reads a whole point in time.
func readImage(t *testing.T, p *PointInTime) ([]byte, error) {
	t.Helper()
	m, err := OpenImage(t.Context(), p.Socket, p.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if m.Size() != p.Size {
		t.Fatalf("Image.Size = %d, want %d", m.Size(), p.Size)
	}
	return readAll(m)
}

// readAll reads only the ranges with data.
func readAll(m *Image) ([]byte, error) {
	all := make([]byte, m.Size())
	for off := int64(0); ; {
		start, end, err := m.NextData(off)
		if err != nil {
			return nil, err
		}
		if start == m.Size() {
			return all, nil
		}
		if _, err := m.ReadAt(all[start:end], start); err != nil {
			return nil, err
		}
		off = end
	}
}

// checkClean checks that a point in time has left nothing behind.
func (r *testVM) checkClean(t *testing.T) {
	t.Helper()
	if _, _, err := diskWithoutPointInTime(t.Context(), r.client); err != nil {
		t.Error(err)
	}
	var drive string
	if err := r.client.Do(t.Context(), "qom-get", props{"path": "/machine/peripheral/vd0", "property": "drive"}, &drive); err != nil || drive != diskNode {
		t.Errorf("guest's disk: got %q, %v; want %v", drive, err, diskNode)
	}
	for _, path := range []string{r.options().Fleece, r.options().Socket} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("leftover %s: got error %v, want error %v", path, err, os.ErrNotExist)
		}
	}
}

func TestPointInTimeIsTheOldDisk(t *testing.T) {
	r := startMachine(t, diskSize, "")
	r.write(t, "write -P 0x11 1M 2M")
	r.write(t, "write -P 0x22 5M 64k")
	for round := range 3 {
		old := r.readDisk(t)
		p, err := BeginPointInTime(t.Context(), r.client, r.options())
		if err != nil {
			t.Fatal(err)
		}
		if p.Size != diskSize || p.Taken != CrashConsistent || p.NotFrozen != nil || p.FrozenFor <= 0 || p.FrozenFor > 10*time.Second {
			t.Errorf("got %+v, want Size %v, Taken %v, NotFrozen nil", p, diskSize, CrashConsistent)
		}
		if _, err := BeginPointInTime(t.Context(), r.client, r.options()); !errors.Is(err, ErrInProgress) {
			t.Errorf("second point in time: got error %v, want error %v", err, ErrInProgress)
		}
		for _, change := range []string{
			"write -P 0x%x 1536k 1M",   // over data
			"write -P 0x%x 6M 512",     // into a hole
			"write -P 0x%x 2093056 8k", // across a MiB
			"write -z 5M 64k",          // zeros over data
			"discard 1M 64k",           // a trim
		} {
			if strings.Contains(change, "%") {
				change = fmt.Sprintf(change, 0x30+round)
			}
			r.write(t, change)
			got, err := readImage(t, p)
			if err != nil {
				t.Fatal(err)
			}
			if at := firstDifference(got, old); at >= 0 {
				t.Fatalf("round %d, after %q: contents differ from the old disk at byte %d", round, change, at)
			}
		}
		if err := p.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.End(t.Context()); err != nil {
			t.Error("second End: want no error, got", err)
		}
		r.checkClean(t)
		if firstDifference(r.readDisk(t), old) < 0 {
			t.Error("got the old disk, want the guest's writes on it")
		}
	}
}

// readDisk returns the current contents of the disk.
func (r *testVM) readDisk(t *testing.T) []byte {
	t.Helper()
	r.write(t, "flush")
	all, err := os.ReadFile(r.disk)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// firstDifference returns the first differing offset, or -1.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

func TestFreezeAndThaw(t *testing.T) {
	r := startMachine(t, diskSize, "")
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		freeze error
		thaws  []error // one for each call
		taken  string
		not    error // why not Frozen
	}{
		"both work":             {nil, []error{nil}, Frozen, nil},
		"no freeze":             {broken, []error{nil}, CrashConsistent, broken},
		"nobody answers":        {broken, []error{broken, broken}, CrashConsistent, broken},
		"thaw at second try":    {nil, []error{broken, nil}, Frozen, nil},
		"thaw does not succeed": {nil, []error{broken, broken}, CrashConsistent, ErrStillFrozen},
		"thawed by itself":      {nil, []error{ErrThawedBefore}, CrashConsistent, ErrThawedBefore},
		"thawed, then a doubt":  {nil, []error{broken, ErrThawedBefore}, CrashConsistent, ErrThawedBefore},
		"no freeze, no thaw":    {broken, []error{ErrThawedBefore}, CrashConsistent, broken},
	} {
		t.Run(name, func(t *testing.T) {
			thawed := 0
			opt := r.options()
			opt.Freeze = func(context.Context) error { return c.freeze }
			opt.Thaw = func(ctx context.Context) error {
				if _, limited := ctx.Deadline(); !limited || ctx.Err() != nil {
					t.Error("Thaw was called without its own time limit, want one")
				}
				thawed++
				return c.thaws[thawed-1]
			}
			p, err := BeginPointInTime(t.Context(), r.client, opt)
			if err != nil {
				t.Fatal(err)
			}
			if thawed != len(c.thaws) {
				t.Errorf("thawed %d times, want %v", thawed, len(c.thaws))
			}
			if p.Taken != c.taken || !errors.Is(p.NotFrozen, c.not) {
				t.Errorf("got %s, %v; want %v, error %v", p.Taken, p.NotFrozen, c.taken, c.not)
			}
			if err := p.End(t.Context()); err != nil {
				t.Error(err)
			}
			r.checkClean(t)
		})
	}
}

func TestCancelWhileFrozen(t *testing.T) {
	r := startMachine(t, diskSize, "")
	ctx, cancel := context.WithCancel(t.Context())
	opt, thawed := r.options(), false
	opt.Freeze = func(context.Context) error { cancel(); return nil }
	opt.Thaw = func(ctx context.Context) error { thawed = true; return ctx.Err() }
	if _, err := BeginPointInTime(ctx, r.client, opt); !errors.Is(err, context.Canceled) {
		t.Errorf("BeginPointInTime: got error %v, want Canceled", err)
	}
	if !thawed {
		t.Error("got a frozen guest, want it thawed")
	}
	r.checkClean(t)
}

// TestCancelAnywhere cancels after increasing delays, starting at zero.
func TestCancelAnywhere(t *testing.T) {
	r := startMachine(t, diskSize, "")
	for limit := time.Duration(0); ; limit += max(200*time.Microsecond, limit/20) { // ends in time even if each attempt takes seconds
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		p, err := BeginPointInTime(ctx, r.client, r.options())
		cancel()
		if err == nil {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.End(ended); err != nil {
				t.Error(err)
			}
			r.checkClean(t)
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("after %v: got error %v, want error %v", limit, err, context.DeadlineExceeded)
		}
		if r.checkClean(t); t.Failed() {
			t.Fatalf("canceled after %v: got leftovers and error %v", limit, err)
		}
	}
}

func TestEndWithReaderAttached(t *testing.T) {
	r := startMachine(t, diskSize, "")
	r.write(t, "write -P 0x11 0 8M")
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	e, err := OpenImage(t.Context(), p.Socket, p.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if err := p.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.checkClean(t)
	if _, err := e.ReadAt(make([]byte, 512), 0); !errors.Is(err, nbd.ErrGone) {
		t.Errorf("ReadAt after End: got error %v, want ErrGone", err)
	}
}

func TestCleanPointInTime(t *testing.T) {
	r := startMachine(t, diskSize, "")
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal("CleanPointInTime without a point in time: got error", err)
	}
	if _, err := BeginPointInTime(t.Context(), r.client, r.options()); err != nil {
		t.Fatal(err)
	}
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal(err)
	}
	os.Remove(r.options().Socket) // CleanPointInTime does not know its path
	r.checkClean(t)
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestQEMUDiesDuringPointInTime(t *testing.T) {
	r := startMachine(t, diskSize, "")
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.client.Done()
	if err := p.End(t.Context()); err == nil {
		t.Error("End without QEMU: got no error, want one")
	}
	if _, err := os.Lstat(p.fleece); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("leftover fleece: got error %v, want error %v", err, os.ErrNotExist)
	}
}

// TestFullFleece limits the size of QEMU's files, so that the guest's writes succeed but the
// fleece fills up.
func TestFullFleece(t *testing.T) {
	r := startMachine(t, diskSize, `trap "" XFSZ; ulimit -f 16512`) // units of 512 bytes
	r.write(t, "write -P 0x11 0 8M")
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	e, err := OpenImage(t.Context(), p.Socket, p.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	r.write(t, "write -P 0x22 0 8M") // the guest's write succeeds
	var refusal *nbd.Error
	if _, err := e.ReadAt(make([]byte, 4096), 4<<20); !errors.As(err, &refusal) {
		t.Errorf("ReadAt of a failed point in time: got error %v, want an *nbd.Error", err)
	}
	if _, _, err := e.NextData(0); !errors.As(err, &refusal) {
		t.Errorf("NextData of a failed point in time: got error %v, want an *nbd.Error", err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
	r.checkClean(t)
}

func TestNoRoomForFleece(t *testing.T) {
	r := startMachine(t, diskSize, "")
	opt := r.options()
	opt.Fleece = filepath.Join(filepath.Dir(r.disk), "absent", "fleece.qcow2")
	if _, err := BeginPointInTime(t.Context(), r.client, opt); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("BeginPointInTime: got error %v, want ErrNotExist", err)
	}
	r.checkClean(t)
}
