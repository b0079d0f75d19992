package gzfile

import (
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/crc32"
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
				t.Errorf("got unexpected error %v", err)
			}
			return
		}
		if h := file.Header; h.FileSize != int64(len(b)) || h.Size/maxExpansion > h.FileSize {
			t.Errorf("got header %+v, want FileSize %v", h, int64(len(b)))
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
				t.Errorf("got unexpected error %v, want error %v", err, ErrBadIndex)
			}
			return
		}
		if again, err := x.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("encoded again: got other bytes, error %v", err)
		}
	})
}

// FuzzInflate compares inflate with Go's own: both must accept the same segments and give
// the same result.
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
	d := new(inflater)
	dst := make([]byte, ChunkSize)
	f.Fuzz(func(t *testing.T, segment []byte) {
		n, whole, err := d.inflate(dst, segment)
		if errors.Is(err, errSegmentTooLong) {
			return
		}
		closed := bytes.NewReader(append(bytes.Clone(segment), finalBlock...))
		want, stdErr := io.ReadAll(io.LimitReader(stdflate.NewReader(closed), ChunkSize+1))
		if good := stdErr == nil && closed.Len() == 0; good != (err == nil) {
			t.Fatalf("got error %[3]v; Go's inflate returns %[1]v with %[2]d bytes left, want the same", stdErr, closed.Len(), err)
		}
		if err == nil && (!bytes.Equal(dst[:n], want) || whole != len(segment)) {
			t.Errorf("Go's inflate returns %d bytes, ours returns %d different ones and consumes %d", len(want), n, whole)
		}
	})
}

// FuzzStream compares Stream with Go's own gzip.
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
			t.Fatalf("Go's gzip does not open it: got error %v, want no error", err)
		}
		want, err := io.ReadAll(z)
		if behind := errors.Is(err, stdgzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !behind { // only Stream allows trailing zeros
			t.Errorf("Go's gzip: got unexpected error %v", err)
		}
		if !bytes.Equal(want, back.b[:c.Size]) {
			t.Errorf("Go's gzip returns %d bytes, Stream returns %d different ones", len(want), c.Size)
		}
	})
}

// FuzzScan reads files with arbitrary bodies. Scan must give the same result as Go's own
// inflate, and its index must be usable.
func FuzzScan(f *testing.F) {
	out, h, _ := written(f, place(6*mib+9, map[int][]byte{mib: text(1, 3000), 5 * mib: random(2, 900)}), 1)
	f.Add(out.b[Align:], h.Size)
	f.Add(out.b[2*Align:], h.Size-mib)
	out, h, _ = written(f, &memory{b: text(1, 3000)}, 1)
	f.Add(out.b[Align:], h.Size)
	f.Add(bytes.Repeat(flushMark, Align), int64(mib))
	f.Fuzz(func(t *testing.T, body []byte, size int64) {
		const most = 16 * mib
		if size < 0 || size > most || len(body) < trailerLen || len(body) > most {
			return
		}
		b := append(make([]byte, Align), body...)
		copy(b[len(b)-trailerLen:], finalBlock)
		h := header("n")
		h.Format, h.Size, h.FileSize = Format, size, int64(len(b))
		z := bytes.NewReader(b[Align:])
		want, stdErr := io.ReadAll(io.LimitReader(stdflate.NewReader(z), most+1))
		sums := &digest{h: sha256.New()}
		for at := 0; at < len(want); at += ChunkSize {
			sums.add(sha256.Sum256(want[at:min(at+ChunkSize, len(want))]))
		}
		h.Digest = hex.EncodeToString(sums.h.Sum(nil))
		copy(b[len(b)-8:], trailer(crc32.ChecksumIEEE(want), size)[5:])
		h.BodyCRC = crc32.Checksum(b[Align:], castagnoli)
		start, err := h.encode(Align)
		if err != nil {
			t.Fatal(err)
		}
		copy(b, start)
		file, err := Open(&memory{b: b}, int64(len(b)))
		if err != nil {
			return
		}
		back := &memory{b: make([]byte, size)}
		x, err := file.Scan(context.Background(), back.sink, Options{Workers: 2})
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got unexpected error %v, want error %v", err, ErrDamaged)
			}
			return
		}
		if stdErr != nil || z.Len() != 8 || !bytes.Equal(back.b, want) {
			t.Fatalf("Go's inflate returns error %v, %d bytes, leaves %d (want 8); Scan returns %d bytes", stdErr, len(want), z.Len(), size)
		}
		for how, err := range map[string]error{
			"verify": file.Verify(context.Background(), x, Options{}),
			"decode": file.Decode(context.Background(), x, back.sink, Options{}),
		} {
			if err != nil || !bytes.Equal(back.b, want) {
				t.Errorf("%s: got other disk contents or error %v", how, err)
			}
		}
	})
}
