package gzfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
)

// opened writes a snapshot file of src and returns it, opened, with its index.
func opened(t *testing.T, src Source) (*memory, *File, *Index) {
	t.Helper()
	out, _, x := written(t, src, 2)
	f, err := Open(out, out.Size())
	if err != nil {
		t.Fatal(err)
	}
	return out, f, x
}

func TestVerifyReadsEveryByte(t *testing.T) {
	for name, disk := range disks() {
		out, f, x := opened(t, disk)
		for how, index := range map[string]*Index{"chunks": x, "stream": nil} {
			var done atomic.Int64
			err := f.Verify(context.Background(), index, Options{Add: func(n int64) { done.Add(n) }})
			if err != nil || done.Load() != out.Size() {
				t.Errorf("%s, %s: got %d of %d bytes, %v; want all", name, how, done.Load(), out.Size(), err)
			}
		}
		var copied bytes.Buffer
		if err := f.CopyTo(context.Background(), &copied, Options{}); err != nil || !bytes.Equal(copied.Bytes(), out.b) {
			t.Errorf("%s: CopyTo: got %d bytes or other ones, %v", name, copied.Len(), err)
		}
	}
}

// TestVerifyFindsEveryFlip flips single bits after the header: in data and zero segments, in
// padding and in the trailer.
func TestVerifyFindsEveryFlip(t *testing.T) {
	out, f, x := opened(t, place(10*mib+512, map[int][]byte{512: text(2, 1024), 7*mib - 512: random(3, 30000), 10 * mib: text(4, 512)}))
	// Flip about two bits in each zero segment, at varying offsets in a page.
	const step = 2049
	for at := int(f.HeaderLen); at < len(out.b); at += step {
		out.b[at] ^= 4
		if err := f.CopyTo(context.Background(), io.Discard, Options{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d, CopyTo: got error %v, want error %v", at, err, ErrDamaged)
		}
		for how, index := range map[string]*Index{"chunks": x, "stream": nil} {
			if err := f.Verify(context.Background(), index, Options{Workers: 2}); !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d, %s: got error %v, want error %v", at, how, err, ErrDamaged)
			}
		}
		out.b[at] ^= 4
	}
}

func TestVerifyReportsFirstBadChunk(t *testing.T) {
	out, f, x := opened(t, &memory{b: random(1, 12*mib)})
	for _, bad := range []int{11, 7, 5, 6, 3} {
		out.b[x.Entries[bad].Offset+100] ^= 1
		err := f.Verify(context.Background(), x, Options{Workers: 16})
		var d *Damage
		first := int64(bad)
		if bad == 6 {
			first = 5
		}
		if !errors.As(err, &d) || d.Chunk != first {
			t.Errorf("after damage to chunk %d: got error %v, want the first damaged chunk", bad, err)
		}
	}
}

func TestVerifyCanceled(t *testing.T) {
	_, f, x := opened(t, disks()["all hole"])
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range []error{f.Verify(ctx, x, Options{}), f.Verify(ctx, nil, Options{}), f.CopyTo(ctx, io.Discard, Options{})} {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// TestEditHeaderAppliesEveryField checks that EditHeader applies each field of EditableFields and
// changes no other field of the header.
func TestEditHeaderAppliesEveryField(t *testing.T) {
	_, f, _ := opened(t, &memory{b: text(1, mib)})
	fields := reflect.TypeFor[EditableFields]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		want := f.Header.EditableFields()
		switch field := reflect.ValueOf(&want).Elem().Field(i); field.Kind() {
		case reflect.String:
			field.SetString("edited")
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.Struct:
			field.Field(0).SetString("edited")
		default:
			t.Fatalf("%s is a %s, which this test cannot change", name, field.Kind())
		}
		h, _, err := f.EditHeader(want)
		if err != nil || h.EditableFields() != want {
			t.Errorf("editing %s: got %+v, %v; want %+v", name, h.EditableFields(), err, want)
		}
		others, before := reflect.ValueOf(h), reflect.ValueOf(f.Header)
		for j := range others.NumField() {
			other := others.Type().Field(j)
			if other.IsExported() && other.Name != name && others.Field(j).Interface() != before.Field(j).Interface() {
				t.Errorf("after editing %[1]s: got %[2]s %[4]v, want %[3]v", name, other.Name, before.Field(j), others.Field(j))
			}
		}
	}
}

func TestEditHeader(t *testing.T) {
	out, f, x := opened(t, &memory{b: text(1, 2*mib)})
	body := bytes.Clone(out.b[f.HeaderLen:])
	for name, c := range map[string]struct {
		description string
		longer      int64
		err         error
	}{
		"none": {"", 0, nil}, "short": {"x", 0, nil}, "longer": {strings.Repeat(`"`, 3000), Align, nil},
		"longest": {strings.Repeat(`"`, 5000), 2 * Align, nil}, "too long": {strings.Repeat("x", 3*Align), 0, ErrTooLong},
	} {
		h, head, err := f.EditHeader(EditableFields{Name: "other", Description: c.description, Pinned: true})
		if !errors.Is(err, c.err) {
			t.Errorf("%s: got error %v, want error %v", name, err, c.err)
		}
		if err != nil {
			continue
		}
		same := h.ID == f.Header.ID && h.Digest == f.Header.Digest && h.Size == f.Header.Size && h.BodyCRC == f.Header.BodyCRC
		if h.FileSize != out.Size()+c.longer || !same || int64(len(head)) != f.HeaderLen+c.longer {
			t.Errorf("%s: got header %+v of %d bytes", name, h, len(head))
		}
		whole := &memory{b: append(head, body...)}
		again, err := Open(whole, whole.Size())
		if err != nil || again.Header != h || h.Name != "other" || h.Description != c.description || !h.Pinned {
			t.Fatalf("%s: got %+v, %v; want Name %q, Description %v, Pinned", name, h, err, "other", c.description)
		}
		b, err := x.ShiftedBy(c.longer).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		moved, err := ReadIndex(bytes.NewReader(b), h)
		if err != nil {
			t.Fatalf("%s: got error %v, want no error", name, err)
		}
		if err := again.Verify(context.Background(), moved, Options{}); err != nil {
			t.Errorf("%s: got error %v, want no error", name, err)
		}
	}
}
