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

// brittle fails at the n-th call of the kind that is set, or cancels there.
type brittle struct {
	*memory
	left   atomic.Int64
	onRead bool // else on NextData
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

// TestFailingSource fails, or cancels, at every single call of the source.
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
					break // there were fewer calls
				}
				// A cancel at the very last call may come too late.
				if !errors.Is(err, want) && (err != nil || !cancels) {
					t.Fatalf("call %d: %v", n, err)
				}
				failures++
			}
			if failures < 3 {
				t.Errorf("only %d calls", failures)
			}
		}
	}
}

// brittleTarget fails at the n-th write.
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
				t.Errorf("only %d writes", n)
			}
			return
		}
		if !errors.Is(err, errBroken) {
			t.Fatalf("write %d: %v", n, err)
		}
	}
}

func TestLyingSource(t *testing.T) {
	ranges := map[string][2]int64{"backwards": {5, 3}, "empty": {5, 5}, "before": {-1, 7}}
	for name, r := range ranges {
		src := &memory{b: make([]byte, 100), data: [][2]int64{{0, 4}, r}}
		if _, err := NewPlan(context.Background(), &lying{src, r}); err == nil {
			t.Errorf("%s: taken for a range", name)
		}
	}
	// A disk that has become shorter.
	short := &memory{b: text(1, mib)}
	plan, _ := NewPlan(context.Background(), short)
	short.b = short.b[:1000]
	if _, _, err := Write(context.Background(), &memory{}, short, plan, header("n"), Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("shorter disk: %v", err)
	}
}

type lying struct {
	*memory
	r [2]int64
}

func (l *lying) NextData(int64) (start, end int64, err error) { return l.r[0], l.r[1], nil }

// TestCancelReading cancels at every chunk that comes out.
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
				t.Errorf("%s, cancelled at %d: %v", name, n, err)
			}
			calls.Store(0)
			err = read(context.Background(), func(int64, []byte) error {
				if calls.Add(1) == n {
					return errBroken
				}
				return nil
			})
			if !errors.Is(err, errBroken) {
				t.Errorf("%s, broken at %d: %v", name, n, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Stream(ctx, section(out), (&memory{}).sink, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	broken := io.MultiReader(bytes.NewReader(out.b[:5000]), errReader{})
	if _, err := Stream(context.Background(), broken, (&memory{}).sink, Options{}); !errors.Is(err, errBroken) || errors.Is(err, ErrDamaged) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

// brittleFile cannot be read the n-th time.
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

// TestFailingFile fails at each single read of a snapshot file, and at each call
// of the sink or writer, whatever is done with it.
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
					t.Fatalf("%s, reading %v, call %d: %v", name, reading, n, err)
				}
				failed++
			}
			if sinks := name != "verify" && name != "verify, no index"; failed == 0 && (reading || sinks) {
				t.Errorf("%s, reading %v: no call", name, reading)
			}
		}
	}
}

type sinkWriter struct{ sink Sink }

func (s sinkWriter) Write(p []byte) (int, error) { return len(p), s.sink(0, p) }
