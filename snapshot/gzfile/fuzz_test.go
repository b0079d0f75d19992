package gzfile

import (
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"io"
	"testing"
)

func FuzzHeader(f *testing.F) {
	out, _, _ := written(f, &memory{b: text(1, 3000)}, 1)
	f.Add(out.b)
	f.Add(out.b[:Align])
	f.Add(flip(out.b, 30))
	f.Add([]byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x00\x00VT"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Open(&memory{b: b}, int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrNewer) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if h := file.Header; h.FileSize != int64(len(b)) || h.Size/maxExpansion > h.FileSize {
			t.Errorf("opened with %+v", h)
		}
	})
}

func FuzzIndex(f *testing.F) {
	_, h, x := written(f, place(9*mib, map[int][]byte{mib: text(1, 3000), 5 * mib: text(2, 900)}), 1)
	b, err := x.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ReadIndex(bytes.NewReader(b), h)
		if err != nil {
			if !errors.Is(err, ErrBadIndex) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if again, err := x.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("written again it differs (%v)", err)
		}
	})
}

// FuzzInflate reads one segment and compares with Go's own inflate: what either
// of them reads, the other reads too.
func FuzzInflate(f *testing.F) {
	for _, content := range [][]byte{text(1, 3000), random(1, 2000), make([]byte, 5000), nil} {
		for level := -2; level <= 9; level++ {
			var b bytes.Buffer
			w, err := stdflate.NewWriter(&b, level)
			if err != nil {
				f.Fatal(err)
			}
			_, _ = w.Write(content)
			if err := w.Flush(); err != nil {
				f.Fatal(err)
			}
			f.Add(b.Bytes())
		}
	}
	d := newInflater()
	dst := make([]byte, ChunkSize)
	f.Fuzz(func(t *testing.T, segment []byte) {
		n, whole, err := d.inflate(dst, segment)
		if errors.Is(err, errFull) {
			return
		}
		closed := bytes.NewReader(append(bytes.Clone(segment), finalBlock...))
		want, stdErr := io.ReadAll(io.LimitReader(stdflate.NewReader(closed), ChunkSize+1))
		if good := stdErr == nil && closed.Len() == 0; good != (err == nil) {
			t.Fatalf("Go's inflate: %v with %d bytes left; ours: %v", stdErr, closed.Len(), err)
		}
		if err == nil && (!bytes.Equal(dst[:n], want) || whole != len(segment)) {
			t.Errorf("Go's inflate gives %d other bytes than our %d, of %d", len(want), n, whole)
		}
	})
}

// FuzzStream compares with Go's own gzip.
func FuzzStream(f *testing.F) {
	out, _, _ := written(f, &memory{b: text(1, 3000)}, 1)
	f.Add(out.b)
	f.Add(goGzip(f, text(1, 300), text(2, 500)))
	f.Add(append(goGzip(f, text(1, 300)), 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 2 * mib
		full := errors.New("full")
		back := &memory{b: make([]byte, most)}
		c, err := Stream(context.Background(), bytes.NewReader(b), func(off int64, p []byte) error {
			if off+int64(len(p)) > most {
				return full
			}
			return back.sink(off, p)
		}, Options{Workers: 1})
		if err != nil || c.Size > most {
			return
		}
		z, err := stdgzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("Go's gzip does not begin: %v", err)
		}
		want, err := io.ReadAll(z)
		if behind := errors.Is(err, stdgzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !behind { // zeros behind are ours to allow
			t.Errorf("Go's gzip: %v", err)
		}
		if !bytes.Equal(want, back.b[:c.Size]) {
			t.Errorf("Go's gzip gives %d other bytes than our %d", len(want), c.Size)
		}
	})
}
