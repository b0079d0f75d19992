package image_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"vmterminal/vm/image"
)

func TestWrite(t *testing.T) {
	raw := rawDisk(8)
	qcow2 := qcow2Of(t, raw)
	for name, of := range map[string]struct {
		data []byte
		want image.Info
	}{
		"raw":        {raw, image.Info{Format: image.Raw, DiskSize: 8 << 20}},
		"qcow2":      {qcow2, image.Info{Format: image.QCOW2, DiskSize: 8 << 20}},
		"qcow2 v2":   {qcow2Of(t, raw, "-o", "compat=0.10"), image.Info{Format: image.QCOW2, DiskSize: 8 << 20}},
		"qcow2 -c":   {qcow2Of(t, raw, "-c"), image.Info{Format: image.QCOW2, DiskSize: 8 << 20}},
		"qcow2 zstd": {qcow2Of(t, raw, "-c", "-o", "compression_type=zstd"), image.Info{Format: image.QCOW2, DiskSize: 8 << 20}},
		"raw.gz":     {packed(t, "gzip", raw), image.Info{Packing: image.Gzip, Format: image.Raw, DiskSize: -1}},
		"raw.xz":     {packed(t, "xz", raw), image.Info{Packing: image.XZ, Format: image.Raw, DiskSize: -1}},
		"raw.zst":    {packed(t, "zstd", raw), image.Info{Packing: image.Zstd, Format: image.Raw, DiskSize: -1}},
		"qcow2.gz":   {packed(t, "gzip", qcow2), image.Info{Packing: image.Gzip, Format: image.QCOW2, DiskSize: -1}},
		"qcow2.xz":   {packed(t, "xz", qcow2), image.Info{Packing: image.XZ, Format: image.QCOW2, DiskSize: -1}},
		"qcow2.zst":  {packed(t, "zstd", qcow2), image.Info{Packing: image.Zstd, Format: image.QCOW2, DiskSize: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			from, disk, m := file(t, of.data), file(t, nil), &meter{}
			if info, err := image.Look(from); err != nil || info != of.want {
				t.Errorf("Look says %+v, %v", info, err)
			}
			size, err := image.Write(t.Context(), disk, from, image.Options{Progress: m})
			if err != nil || size != int64(len(raw)) {
				t.Fatalf("%d, %v", size, err)
			}
			got, err := os.ReadFile(disk.Name())
			if err != nil || !bytes.Equal(got, raw) {
				t.Errorf("the disk is not the image's: %d bytes, %v", len(got), err)
			}
			if m.done.Load() != m.total.Load() || m.total.Load() == 0 {
				t.Errorf("in the end %d of %d were done", m.done.Load(), m.total.Load())
			}
			var stat syscall.Stat_t
			if err := syscall.Fstat(int(disk.Fd()), &stat); err != nil || stat.Blocks*512 > 3<<20 {
				t.Errorf("the disk takes %d bytes, %v", stat.Blocks*512, err)
			}
			alone(t, disk)
		})
	}
}

func TestWriteQCOW2WithoutBootSector(t *testing.T) {
	empty := qcow2Of(t, make([]byte, 8<<20))
	for name, data := range map[string][]byte{"plain": empty, "packed": packed(t, "gzip", empty)} {
		disk := file(t, nil)
		if _, err := image.Write(t.Context(), disk, file(t, data), image.Options{}); !errors.Is(err, image.ErrNotImage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// alone fails when there is another file beside this one.
func alone(t *testing.T, f *os.File) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(f.Name()))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the disk there are %v, %v", entries, err)
	}
}

func TestWriteIsLimited(t *testing.T) {
	raw := rawDisk(8)
	for name, data := range map[string][]byte{
		"raw": raw, "qcow2": qcow2Of(t, raw), "raw.gz": packed(t, "gzip", raw), "qcow2.xz": packed(t, "xz", qcow2Of(t, raw)),
	} {
		disk := file(t, nil)
		if _, err := image.Write(t.Context(), disk, file(t, data), image.Options{MaxSize: 4 << 20}); !errors.Is(err, image.ErrTooLarge) {
			t.Errorf("%s of 8 MiB on a disk of 4: %v", name, err)
		}
		alone(t, disk)
	}
}

func TestWriteWithoutRoom(t *testing.T) {
	full := errors.New("no room")
	raw := rawDisk(40)
	for name, data := range map[string][]byte{"raw": raw, "qcow2": qcow2Of(t, raw), "qcow2.zst": packed(t, "zstd", qcow2Of(t, raw))} {
		asked := 0
		room := func() error {
			if asked++; asked > 1 {
				return full
			}
			return nil
		}
		disk := file(t, nil)
		if _, err := image.Write(t.Context(), disk, file(t, data), image.Options{Room: room}); !errors.Is(err, full) {
			t.Errorf("%s: %v after %d looks", name, err, asked)
		}
		alone(t, disk)
	}
}

func TestWriteIsCancelled(t *testing.T) {
	raw := rawDisk(24)
	for name, data := range map[string][]byte{"raw": raw, "qcow2": qcow2Of(t, raw), "raw.zst": packed(t, "zstd", raw)} {
		ctx, cancel := context.WithCancel(t.Context())
		disk := file(t, nil)
		if _, err := image.Write(ctx, disk, file(t, data), image.Options{Progress: &meter{at: cancel}}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		alone(t, disk)
	}
}

func TestWriteDamaged(t *testing.T) {
	raw := rawDisk(8)
	for _, with := range []string{"gzip", "xz", "zstd"} {
		whole := packed(t, with, raw)
		for _, cut := range []int{len(whole) - 1, len(whole) - 9, len(whole) / 2, 20} {
			if _, err := image.Write(t.Context(), file(t, nil), file(t, whole[:cut]), image.Options{}); !errors.Is(err, image.ErrDamaged) {
				t.Errorf("%s cut to %d of %d: %v", with, cut, len(whole), err)
			}
		}
		bad := bytes.Clone(whole)
		bad[len(bad)/2] ^= 0xff
		if _, err := image.Write(t.Context(), file(t, nil), file(t, bad), image.Options{}); !errors.Is(err, image.ErrDamaged) {
			t.Errorf("%s with a flipped byte: %v", with, err)
		}
	}
}

// QEMU reads zeros behind a file's end.
func TestWriteCutQCOW2(t *testing.T) {
	raw := rawDisk(8)
	for name, whole := range map[string][]byte{
		"plain": qcow2Of(t, raw), "packed": qcow2Of(t, raw, "-c"),
		"wide entries": qcow2Of(t, raw, "-o", "extended_l2=on"), "small clusters": qcow2Of(t, raw, "-o", "cluster_size=512"),
	} {
		if _, err := image.Write(t.Context(), file(t, nil), file(t, whole), image.Options{}); err != nil {
			t.Errorf("%s, whole: %v", name, err)
		}
		for _, cut := range []int{len(whole) - 64<<10, len(whole) / 2, 80} {
			if _, err := image.Write(t.Context(), file(t, nil), file(t, whole[:cut]), image.Options{}); !errors.Is(err, image.ErrDamaged) {
				t.Errorf("%s, cut to %d of %d bytes: %v", name, cut, len(whole), err)
			}
		}
	}
}

func TestWriteWithoutTool(t *testing.T) {
	data := qcow2Of(t, rawDisk(2))
	t.Setenv("PATH", t.TempDir())
	if _, err := image.Write(t.Context(), file(t, nil), file(t, data), image.Options{}); !errors.Is(err, image.ErrNoTool) {
		t.Error(err)
	}
}

// What the image's file is called, and where its offset is, means nothing.
func TestWriteTwiceFromOneFile(t *testing.T) {
	raw := rawDisk(2)
	from := file(t, qcow2Of(t, raw))
	for range 2 {
		if _, err := from.Seek(7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		disk := file(t, nil)
		if _, err := image.Write(t.Context(), disk, from, image.Options{}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(disk.Name()); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("not the image's disk: %v", err)
		}
	}
}
