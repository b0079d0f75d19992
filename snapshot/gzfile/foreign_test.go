package gzfile

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func goGzip(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		w := stdgzip.NewWriter(&b)
		w.Name, w.Comment, w.Extra = "disk.raw", "by hand", []byte{'A', 'B', 2, 0, 1, 2}
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestForeign(t *testing.T) {
	disk := disks()["zeros in the data"].b
	raw := filepath.Join(t.TempDir(), "VTdisk.raw")
	if err := os.WriteFile(raw, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	output := func(name string, args ...string) []byte {
		b, err := exec.Command(name, append(args, raw)...).Output()
		if err != nil {
			t.Fatal(name, err)
		}
		return b
	}
	whole := goGzip(t, disk)
	files := map[string]struct {
		b    []byte
		want []byte
		err  error
	}{
		"Go":              {whole, disk, nil},
		"members":         {goGzip(t, disk[:5000], nil, disk[5000:2*mib+3], disk[2*mib+3:]), disk, nil},
		"gzip":            {output("gzip", "-c"), disk, nil},
		"gzip -9":         {output("gzip", "-9c"), disk, nil},
		"pigz":            {output("pigz", "-c"), disk, nil},
		"pigz -i":         {output("pigz", "-ic", "-b", "128"), disk, nil},
		"busybox":         {output("busybox", "gzip", "-c"), disk, nil},
		"nothing in it":   {goGzip(t, nil), nil, nil},
		"zeros behind":    {append(bytes.Clone(whole), make([]byte, 10240)...), disk, nil},
		"rubbish behind":  {append(bytes.Clone(whole), "rubbish"...), nil, ErrDamaged},
		"rubbish later":   {append(append(bytes.Clone(whole), make([]byte, 512)...), 'x'), nil, ErrDamaged},
		"cut":             {whole[:len(whole)-1], nil, ErrDamaged},
		"cut in a second": {append(bytes.Clone(whole), whole[:12]...), nil, ErrDamaged},
		"wrong CRC":       {flip(whole, len(whole)-8), nil, ErrDamaged},
		"wrong length":    {flip(whole, len(whole)-1), nil, ErrDamaged},
		"empty":           {nil, nil, ErrDamaged},
		"text":            {[]byte("not gzip at all, but long enough to be"), nil, ErrDamaged},
	}
	for name, f := range files {
		m := &memory{b: f.b}
		if _, err := Open(m, m.Size()); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: Open returns %v, want ErrForeign", name, err)
		}
		back := &memory{b: make([]byte, len(f.want))}
		c, err := Stream(context.Background(), section(m), back.sink, Options{})
		if !errors.Is(err, f.err) {
			t.Errorf("%s: got unexpected error %v", name, err)
			continue
		}
		if err == nil && (!bytes.Equal(back.b, f.want) || c.Size != int64(len(f.want))) {
			t.Errorf("%s: got other disk contents, %d bytes", name, c.Size)
		}
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}
