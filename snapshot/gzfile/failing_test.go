package gzfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

var errBroken = errors.New("broken")

// brittle is a disk that fails, or cancels a context, at the n-th call of one kind.
type brittle struct {
	*memory
	left   atomic.Int64
	onRead bool // count calls of ReadAt, otherwise of NextData
	cancel func()
}

func (b *brittle) hit() error {
	if b.left.Add(-1) != 0 {
		return nil
	}
	if b.cancel != nil {
		b.cancel()
		return nil
	}
	return errBroken
}

func (b *brittle) ReadAt(p []byte, off int64) (int, error) {
	if b.onRead {
		if err := b.hit(); err != nil {
			return 0, err
		}
	}
	return b.memory.ReadAt(p, off)
}

func (b *brittle) NextData(off int64) (start, end int64, err error) {
	if !b.onRead {
		if err := b.hit(); err != nil {
			return 0, 0, err
		}
	}
	return b.memory.NextData(off)
}

func create(ctx context.Context, dst Target, src Source) error {
	plan, err := NewPlan(ctx, src)
	if err == nil {
		_, _, err = Write(ctx, dst, src, plan, header("n"), Options{Workers: 4})
	}
	return err
}

// TestFailingSource fails or cancels at each call to the source.
func TestFailingSource(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, onRead := range []bool{true, false} {
		for _, cancels := range []bool{true, false} {
			failures := 0
			for n := int64(1); ; n++ {
				ctx, cancel := context.WithCancel(context.Background())
				src := &brittle{memory: disks()["holes everywhere"], onRead: onRead}
				src.left.Store(n)
				want := errBroken
				if cancels {
					src.cancel, want = cancel, context.Canceled
				}
				err := create(ctx, &memory{}, src)
				cancel()
				if err == nil && src.left.Load() >= 0 {
					break // there are fewer than n calls
				}
				// A cancel at the very last call may come too late.
				if !errors.Is(err, want) && (err != nil || !cancels) {
					t.Fatalf("call %d: got error %v, want errBroken or a cancellation", n, err)
				}
				failures++
			}
			if failures < 3 {
				t.Errorf("got %d calls, want at least 3", failures)
			}
		}
	}
}

// brittleTarget is a Target that fails at the n-th write.
type brittleTarget struct {
	memory
	left int
}

func (b *brittleTarget) WriteAt(p []byte, off int64) (int, error) {
	if b.left--; b.left == 0 {
		return 0, errBroken
	}
	return b.memory.WriteAt(p, off)
}

func TestFailingTarget(t *testing.T) {
	defer goleak.VerifyNone(t)
	src := disks()["text"]
	for n := 1; ; n++ {
		err := create(context.Background(), &brittleTarget{left: n}, src)
		if err == nil {
			if n < 3 {
				t.Errorf("got fewer than %d writes, want at least 2", n)
			}
			return
		}
		if !errors.Is(err, errBroken) {
			t.Fatalf("write %d: got error %v, want error %v", n, err, errBroken)
		}
	}
}

func TestSourceWithImpossibleRanges(t *testing.T) {
	ranges := map[string][2]int64{"backwards": {5, 3}, "empty": {5, 5}, "before": {-1, 7}}
	for name, r := range ranges {
		src := &memory{b: make([]byte, 100), data: [][2]int64{{0, 4}, r}}
		if _, err := NewPlan(context.Background(), &lying{src, r}); err == nil {
			t.Errorf("%s: got no error from NewPlan, want one", name)
		}
	}
	// The disk became shorter after NewPlan.
	short := &memory{b: text(1, mib)}
	plan, _ := NewPlan(context.Background(), short)
	short.b = short.b[:1000]
	if _, _, err := Write(context.Background(), &memory{}, short, plan, header("n"), Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("shorter disk: got error %v, want error %v", err, io.ErrUnexpectedEOF)
	}
}

type lying struct {
	*memory
	r [2]int64
}

func (l *lying) NextData(int64) (start, end int64, err error) { return l.r[0], l.r[1], nil }

// TestCancelReading cancels, or fails, at each chunk.
func TestCancelReading(t *testing.T) {
	defer goleak.VerifyNone(t)
	out, h, x := written(t, disks()["random"], 0)
	f, err := Open(out, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 2; n++ {
		for name, read := range map[string]func(ctx context.Context, s Sink) error{
			"index": func(ctx context.Context, s Sink) error { return f.Decode(ctx, x, s, Options{}) },
			"stream": func(ctx context.Context, s Sink) error {
				_, err := Stream(ctx, section(out), s, Options{})
				return err
			},
		} {
			var calls atomic.Int64
			ctx, cancel := context.WithCancel(context.Background())
			err := read(ctx, func(int64, []byte) error {
				if calls.Add(1) == n {
					cancel()
				}
				return nil
			})
			if cancel(); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s, canceled at %d: got error %v, want none or context.Canceled", name, n, err)
			}
			calls.Store(0)
			err = read(context.Background(), func(int64, []byte) error {
				if calls.Add(1) == n {
					return errBroken
				}
				return nil
			})
			if !errors.Is(err, errBroken) {
				t.Errorf("%s, broken at %d: got error %v, want error %v", name, n, err, errBroken)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Stream(ctx, section(out), (&memory{}).sink, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled beforehand: got error %v, want error %v", err, context.Canceled)
	}
	broken := io.MultiReader(bytes.NewReader(out.b[:5000]), errReader{})
	if _, err := Stream(context.Background(), broken, (&memory{}).sink, Options{}); !errors.Is(err, errBroken) || errors.Is(err, ErrDamaged) {
		t.Errorf("unreadable file: got error %v, want error %v", err, errBroken)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

// brittleFile is a file that fails at the n-th read.
type brittleFile struct {
	*memory
	left atomic.Int64
}

func (b *brittleFile) ReadAt(p []byte, off int64) (int, error) {
	if b.left.Add(-1) == 0 {
		return 0, errBroken
	}
	return b.memory.ReadAt(p, off)
}

// TestFailingFile fails at each read of a snapshot file, and at each call of the sink or
// writer, in every operation.
func TestFailingFile(t *testing.T) {
	defer goleak.VerifyNone(t)
	out, h, x := written(t, place(7*mib+7, map[int][]byte{0: text(1, 3000), mib: text(2, 5000), 5 * mib: random(1, mib)}), 0)
	opt := Options{Workers: 4}
	for name, act := range map[string]func(f *File, sink Sink) error{
		"decode": func(f *File, sink Sink) error { return f.Decode(context.Background(), x, sink, opt) },
		"scan": func(f *File, sink Sink) error {
			_, err := f.Scan(context.Background(), sink, opt)
			return err
		},
		"stream": func(f *File, sink Sink) error {
			_, err := Stream(context.Background(), io.NewSectionReader(f.r, 0, h.FileSize), sink, opt)
			return err
		},
		"verify":           func(f *File, _ Sink) error { return f.Verify(context.Background(), x, opt) },
		"verify, no index": func(f *File, _ Sink) error { return f.Verify(context.Background(), nil, opt) },
		"copy": func(f *File, sink Sink) error {
			return f.CopyTo(context.Background(), sinkWriter{sink}, opt)
		},
	} {
		for _, reading := range []bool{true, false} {
			failed := 0
			for n := int64(1); ; n++ {
				file := &brittleFile{memory: out}
				f, err := Open(file, h.FileSize)
				if err != nil {
					t.Fatal(err)
				}
				var left atomic.Int64
				if reading {
					file.left.Store(n)
				} else {
					left.Store(n)
				}
				err = act(f, func(int64, []byte) error {
					if left.Add(-1) == 0 {
						return errBroken
					}
					return nil
				})
				if err == nil {
					break
				}
				if !errors.Is(err, errBroken) || errors.Is(err, ErrDamaged) {
					t.Fatalf("%s, reading %v, call %d: got error %v, want error %v", name, reading, n, err, errBroken)
				}
				failed++
			}
			if sinks := name != "verify" && name != "verify, no index"; failed == 0 && (reading || sinks) {
				t.Errorf("%s, reading %v: got no call, want some", name, reading)
			}
		}
	}
}

type sinkWriter struct{ sink Sink }

func (s sinkWriter) Write(p []byte) (int, error) { return len(p), s.sink(0, p) }
