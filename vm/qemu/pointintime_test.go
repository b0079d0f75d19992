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

func (r *running) options() Options {
	return Options{Fleece: filepath.Join(filepath.Dir(r.disk), "fleece,x.qcow2"), Socket: r.sockets.NBD()}
}

// image reads a whole point in time.
func image(t *testing.T, p *PointInTime) ([]byte, error) {
	t.Helper()
	m, err := OpenImage(t.Context(), p.Socket, p.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if m.Size() != p.Size {
		t.Fatalf("size %d, want %d", m.Size(), p.Size)
	}
	return readAll(m)
}

// readAll reads only where there is data.
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

// quiet fails the test unless nothing of a point in time is left.
func (r *running) quiet(t *testing.T) {
	t.Helper()
	if _, err := quietDisk(t.Context(), r.client); err != nil {
		t.Error(err)
	}
	var drive string
	if err := r.client.Do(t.Context(), "qom-get", props{"path": "/machine/peripheral/vd0", "property": "drive"}, &drive); err != nil || drive != diskNode {
		t.Errorf("the guest's disk is %q, %v", drive, err)
	}
	for _, path := range []string{r.options().Fleece, r.options().Socket} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
}

func TestPointInTimeIsTheOldDisk(t *testing.T) {
	r := start(t, diskSize, "")
	r.write(t, "write -P 0x11 1M 2M")
	r.write(t, "write -P 0x22 5M 64k")
	for round := range 3 {
		old := r.content(t)
		p, err := BeginPointInTime(t.Context(), r.client, r.options())
		if err != nil {
			t.Fatal(err)
		}
		if p.Size != diskSize || p.Taken != CrashConsistent || p.NotFrozen != nil || p.Held <= 0 || p.Held > 10*time.Second {
			t.Errorf("%+v", p)
		}
		if _, err := BeginPointInTime(t.Context(), r.client, r.options()); !errors.Is(err, ErrInProgress) {
			t.Errorf("a second one: %v", err)
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
			got, err := image(t, p)
			if err != nil {
				t.Fatal(err)
			}
			if at := firstDifference(got, old); at >= 0 {
				t.Fatalf("round %d, after %q: the image differs from the old disk at byte %d", round, change, at)
			}
		}
		if err := p.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.End(t.Context()); err != nil {
			t.Error("again:", err)
		}
		r.quiet(t)
		if firstDifference(r.content(t), old) < 0 {
			t.Error("the writes did not reach the disk")
		}
	}
}

// content is the disk as it is now.
func (r *running) content(t *testing.T) []byte {
	t.Helper()
	r.write(t, "flush")
	all, err := os.ReadFile(r.disk)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// firstDifference is -1 when there is none.
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
	r := start(t, diskSize, "")
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		freeze error
		thaws  []error // one for each call
		taken  string
		not    error // why not Frozen
		want   error
	}{
		"both work":             {nil, []error{nil}, Frozen, nil, nil},
		"no freeze":             {broken, []error{nil}, CrashConsistent, broken, nil},
		"nobody answers":        {broken, []error{broken, broken}, CrashConsistent, broken, nil},
		"thaw at second try":    {nil, []error{broken, nil}, Frozen, nil, nil},
		"thaw does not succeed": {nil, []error{broken, broken}, "", nil, ErrStillFrozen},
		"thawed by itself":      {nil, []error{ErrThawedBefore}, CrashConsistent, ErrThawedBefore, nil},
		"thawed, then a doubt":  {nil, []error{broken, ErrThawedBefore}, CrashConsistent, ErrThawedBefore, nil},
		"no freeze, no thaw":    {broken, []error{ErrThawedBefore}, CrashConsistent, broken, nil},
	} {
		t.Run(name, func(t *testing.T) {
			thawed := 0
			opt := r.options()
			opt.Freeze = func(context.Context) error { return c.freeze }
			opt.Thaw = func(ctx context.Context) error {
				if _, limited := ctx.Deadline(); !limited || ctx.Err() != nil {
					t.Error("thaw without a time limit of its own")
				}
				thawed++
				return c.thaws[thawed-1]
			}
			p, err := BeginPointInTime(t.Context(), r.client, opt)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if thawed != len(c.thaws) {
				t.Errorf("thawed %d times", thawed)
			}
			if err == nil {
				if p.Taken != c.taken || !errors.Is(p.NotFrozen, c.not) {
					t.Errorf("%s, %v", p.Taken, p.NotFrozen)
				}
				if err := p.End(t.Context()); err != nil {
					t.Error(err)
				}
			}
			r.quiet(t)
		})
	}
}

func TestCancelWhileFrozen(t *testing.T) {
	r := start(t, diskSize, "")
	ctx, cancel := context.WithCancel(t.Context())
	opt, thawed := r.options(), false
	opt.Freeze = func(context.Context) error { cancel(); return nil }
	opt.Thaw = func(ctx context.Context) error { thawed = true; return ctx.Err() }
	if _, err := BeginPointInTime(ctx, r.client, opt); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !thawed {
		t.Error("the guest stays frozen")
	}
	r.quiet(t)
}

// TestCancelAnywhere cancels after every time it takes, from none up.
func TestCancelAnywhere(t *testing.T) {
	r := start(t, diskSize, "")
	for limit := time.Duration(0); ; limit += 200 * time.Microsecond {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		p, err := BeginPointInTime(ctx, r.client, r.options())
		cancel()
		if err == nil {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.End(ended); err != nil {
				t.Error(err)
			}
			r.quiet(t)
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("after %v: %v", limit, err)
		}
		if r.quiet(t); t.Failed() {
			t.Fatalf("after %v: %v", limit, err)
		}
	}
}

func TestEndWithReaderAttached(t *testing.T) {
	r := start(t, diskSize, "")
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
	r.quiet(t)
	if _, err := e.ReadAt(make([]byte, 512), 0); !errors.Is(err, nbd.ErrGone) {
		t.Errorf("the reader got %v", err)
	}
}

func TestCleanPointInTime(t *testing.T) {
	r := start(t, diskSize, "")
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal("nothing to do:", err)
	}
	if _, err := BeginPointInTime(t.Context(), r.client, r.options()); err != nil {
		t.Fatal(err)
	}
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal(err)
	}
	os.Remove(r.options().Socket) // its path is its owner's to know
	r.quiet(t)
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestQEMUDiesDuringPointInTime(t *testing.T) {
	r := start(t, diskSize, "")
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.client.Done()
	if err := p.End(t.Context()); err == nil {
		t.Error("End does not say that QEMU has gone")
	}
	if _, err := os.Lstat(p.fleece); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the fleece is left: %v", err)
	}
}

// TestFullFleece limits QEMU's files to the disk's size and a little: room for
// all that the guest writes, not for all that it overwrites.
func TestFullFleece(t *testing.T) {
	r := start(t, diskSize, `trap "" XFSZ; ulimit -f 16512`) // units of 512 bytes
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
		t.Errorf("reading a broken point in time: %v", err)
	}
	if _, _, err := e.NextData(0); !errors.As(err, &refusal) {
		t.Errorf("looking for data in a broken point in time: %v", err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
	r.quiet(t)
}

func TestNoRoomForFleece(t *testing.T) {
	r := start(t, diskSize, "")
	opt := r.options()
	opt.Fleece = filepath.Join(filepath.Dir(r.disk), "absent", "fleece.qcow2")
	if _, err := BeginPointInTime(t.Context(), r.client, opt); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	r.quiet(t)
}
