package gzfile

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"reflect"
	"testing"

	"go.uber.org/goleak"
)

// TestZeroSegmentsAreFixed checks the bytes of zero segments, which are part of the format: this
// program cannot use the index of a file with other zero segments.
func TestZeroSegmentsAreFixed(t *testing.T) {
	want := [zeroGroup + 1]uint32{0, 0x7ac0b3a0, 0x8154b891, 0x9943cd06, 0x6a13ca1f}
	if got := zeroSegmentCRCs(); got != want {
		t.Errorf("got the CRCs %#x", got)
	}
	for n, segment := range zeroSegments() {
		if n > 0 && len(segment) != Align {
			t.Errorf("segment of %d chunks: got %d bytes, want Align", n, len(segment))
		}
	}
}

// nested returns a disk whose segments contain flush marks where a segment could end.
func nested(t testing.TB) *memory {
	disk := &memory{b: random(8, 3*mib)}
	out, _, x := written(t, disk, 0)
	for _, e := range x.Entries {
		chunk := disk.b[e.Chunk*mib:][:mib]
		// Noise is stored uncompressed, so bytes of the file are also on the disk.
		for at := e.Offset + Align; at < e.Offset+int64(e.Length); at += 3 * Align {
			if in := bytes.Index(chunk, out.b[at-4:at]); in >= 0 {
				copy(chunk[in:], flushMark)
			}
		}
	}
	// Append the bytes of another snapshot file, and of this one.
	inner, _, _ := written(t, disks()["holes everywhere"], 0)
	disk.b = append(append(disk.b, inner.b...), out.b...)
	return disk
}

func TestScanRebuildsSameIndex(t *testing.T) {
	defer goleak.VerifyNone(t)
	all := map[string]*memory{"nested": nested(t)}
	for name, disk := range disks() {
		all[name] = disk
	}
	for name, disk := range all {
		out, h, want := written(t, disk, 0)
		f, err := Open(out, h.FileSize)
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 2, 16} {
			var read int64
			back := &memory{b: make([]byte, disk.Size())}
			opt := Options{Workers: workers, Add: func(n int64) { read += n }}
			x, err := f.Scan(context.Background(), back.sink, opt)
			if err != nil || !reflect.DeepEqual(x, want) || !bytes.Equal(back.b, disk.b) || read != h.FileSize {
				t.Errorf("%s: got error %v, %d of %d bytes read", name, err, read, h.FileSize)
			}
		}
		if x, err := f.Scan(context.Background(), nil, Options{}); err != nil || !reflect.DeepEqual(x, want) {
			t.Errorf("%s, without a sink: got error %v", name, err)
		}
	}
}

// TestFlushMarksInContent checks that nested has flush marks inside segments.
func TestFlushMarksInContent(t *testing.T) {
	out, _, x := written(t, nested(t), 0)
	inside := 0
	for _, e := range x.Entries {
		for at := e.Offset + Align; at < e.Offset+int64(e.Length); at += Align {
			if bytes.Equal(out.b[at-4:at], flushMark) {
				inside++
			}
		}
	}
	if inside < 100 {
		t.Errorf("got %d flush marks inside segments, want at least 100", inside)
	}
}

func TestScanFindsDamage(t *testing.T) {
	disk := place(3*mib-600, map[int][]byte{0: text(1, 9000), mib: random(1, 3000)})
	out, h, _ := written(t, disk, 0)
	for at := Align; at < len(out.b); at += 1009 {
		b := bytes.Clone(out.b)
		b[at] ^= 0x10
		m := &memory{b: b}
		f, err := Open(m, m.Size())
		if err == nil {
			_, err = f.Scan(context.Background(), nil, Options{Workers: 2})
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d: got error %v, want ErrDamaged or none", at, err)
		}
		if err == nil {
			back := &memory{b: make([]byte, disk.Size())}
			if _, err := f.Scan(context.Background(), back.sink, Options{}); err != nil || !bytes.Equal(back.b, disk.b) {
				t.Fatalf("byte %d: got no error for another disk, want one", at)
			}
		}
	}
	// Swap, double and overwrite segments.
	for name, change := range map[string]func(b []byte) []byte{
		"swapped": func(b []byte) []byte {
			first := bytes.Clone(b[Align : 2*Align])
			copy(b[Align:], b[2*Align:3*Align])
			copy(b[2*Align:], first)
			return b
		},
		"doubled": func(b []byte) []byte { copy(b[2*Align:3*Align], b[Align:]); return b },
		"noise":   func(b []byte) []byte { copy(b[Align:], random(1, len(b)-Align-trailerLen)); return b },
	} {
		f, err := Open(&memory{b: change(bytes.Clone(out.b))}, h.FileSize)
		if err == nil {
			_, err = f.Scan(context.Background(), nil, Options{})
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got error %v, want error %v", name, err, ErrDamaged)
		}
	}
}

func TestCancelScan(t *testing.T) {
	defer goleak.VerifyNone(t)
	out, h, _ := written(t, disks()["random"], 0)
	f, err := Open(out, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = f.Scan(ctx, func(int64, []byte) error { cancel(); return nil }, Options{})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got error %v, want none or context.Canceled", err)
	}
	if _, err = f.Scan(ctx, nil, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled beforehand: got error %v, want error %v", err, context.Canceled)
	}
	broken := func(int64, []byte) error { return errBroken }
	if _, err := f.Scan(context.Background(), broken, Options{}); !errors.Is(err, errBroken) {
		t.Errorf("failing sink: got error %v, want errBroken", err)
	}
}

// TestInconsistentIndexIsRejected reads indexes with the right digest, but with wrong
// positions or checksums.
func TestInconsistentIndexIsRejected(t *testing.T) {
	_, h, x := written(t, disks()["holes everywhere"], 0)
	for name, lie := range map[string]func(e []Entry){
		"later": func(e []Entry) { e[1].Offset += Align },
		"all later": func(e []Entry) {
			for i := range e {
				e[i].Offset += Align
			}
		},
		"shorter":     func(e []Entry) { e[0].Length -= Align },
		"segment CRC": func(e []Entry) { e[2].SegmentCRC = crc32.Checksum(nil, castagnoli) },
		"CRC":         func(e []Entry) { e[0].CRC++ },
	} {
		y := *x
		y.Entries = append([]Entry(nil), x.Entries...)
		lie(y.Entries)
		b, err := y.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadIndex(bytes.NewReader(b), h); !errors.Is(err, ErrBadIndex) {
			t.Errorf("%s: got error %v, want error %v", name, err, ErrBadIndex)
		}
	}
}
