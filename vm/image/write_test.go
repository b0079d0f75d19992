package image_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
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
		"raw.gz":     {compressWith(t, "gzip", raw), image.Info{Compression: image.Gzip, Format: image.Raw, DiskSize: -1}},
		"raw.xz":     {compressWith(t, "xz", raw), image.Info{Compression: image.XZ, Format: image.Raw, DiskSize: -1}},
		"raw.zst":    {compressWith(t, "zstd", raw), image.Info{Compression: image.Zstd, Format: image.Raw, DiskSize: -1}},
		"qcow2.gz":   {compressWith(t, "gzip", qcow2), image.Info{Compression: image.Gzip, Format: image.QCOW2, DiskSize: -1}},
		"qcow2.xz":   {compressWith(t, "xz", qcow2), image.Info{Compression: image.XZ, Format: image.QCOW2, DiskSize: -1}},
		"qcow2.zst":  {compressWith(t, "zstd", qcow2), image.Info{Compression: image.Zstd, Format: image.QCOW2, DiskSize: -1}},
		"padded.gz":  {append(compressWith(t, "gzip", raw), make([]byte, 5000)...), image.Info{Compression: image.Gzip, Format: image.Raw, DiskSize: -1}},
		"members.gz": {append(compressWith(t, "gzip", raw[:3<<20]), compressWith(t, "gzip", raw[3<<20:])...), image.Info{Compression: image.Gzip, Format: image.Raw, DiskSize: -1}},
		"blocks.xz":  {tool(t, raw, "xz", "-c", "--block-size=1MiB"), image.Info{Compression: image.XZ, Format: image.Raw, DiskSize: -1}},
		"vmdk":       {convertTo(t, raw, "vmdk"), image.Info{Format: image.VMDK, DiskSize: -1}},
		"streamed":   {convertTo(t, raw, "vmdk", "-o", "subformat=streamOptimized"), image.Info{Format: image.VMDK, DiskSize: -1}},
		"vdi":        {convertTo(t, raw, "vdi"), image.Info{Format: image.VDI, DiskSize: -1}},
		"vhd":        {convertTo(t, raw, "vpc", "-o", "force_size=on"), image.Info{Format: image.VHD, DiskSize: -1}},
		"fixed vhd":  {convertTo(t, raw, "vpc", "-o", "subformat=fixed,force_size=on"), image.Info{Format: image.Raw, DiskSize: 8 << 20}},
		"vhd.xz":     {compressWith(t, "xz", convertTo(t, raw, "vpc", "-o", "subformat=fixed,force_size=on")), image.Info{Compression: image.XZ, Format: image.Raw, DiskSize: -1}},
		"vhdx":       {convertTo(t, raw, "vhdx"), image.Info{Format: image.VHDX, DiskSize: -1}},
		"vmdk.gz":    {compressWith(t, "gzip", convertTo(t, raw, "vmdk")), image.Info{Compression: image.Gzip, Format: image.VMDK, DiskSize: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			from, disk, m := file(t, of.data), file(t, nil), &meter{}
			info, err := image.Inspect(from)
			if err != nil || info != of.want {
				t.Errorf("Inspect = %+v, %v; want the image's format and disk size", info, err)
			}
			size, err := image.Write(t.Context(), disk, from, image.Options{Progress: m})
			if err != nil || size != int64(len(raw)) {
				t.Fatalf("Write: got %d, %v; want %v", size, err, int64(len(raw)))
			}
			got, err := os.ReadFile(disk.Name())
			if err != nil || !bytes.Equal(got, raw) {
				t.Errorf("the disk differs from the image: %d bytes, error %v", len(got), err)
			}
			if m.done.Load() != m.total.Load() || m.total.Load() == 0 {
				t.Errorf("got progress %d of %d at the end, want all", m.done.Load(), m.total.Load())
			}
			var stat syscall.Stat_t
			if err := syscall.Fstat(int(disk.Fd()), &stat); err != nil || stat.Blocks*512 > 3<<20 {
				t.Errorf("got %d allocated bytes, %v; want at most 3 MiB", stat.Blocks*512, err)
			}
			checkOnlyFile(t, disk)
		})
	}
}

func TestWriteQCOW2WithoutBootSector(t *testing.T) {
	empty := qcow2Of(t, make([]byte, 8<<20))
	for name, data := range map[string][]byte{"plain": empty, "packed": compressWith(t, "gzip", empty)} {
		disk := file(t, nil)
		if _, err := image.Write(t.Context(), disk, file(t, data), image.Options{}); !errors.Is(err, image.ErrNotImage) {
			t.Errorf("%s: got error %v, want error %v", name, err, image.ErrNotImage)
		}
	}
}

// checkOnlyFile checks that the folder of f contains no other file.
func checkOnlyFile(t *testing.T, f *os.File) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(f.Name()))
	if err != nil || len(entries) != 1 {
		t.Errorf("got files %v, %v; want only the disk", entries, err)
	}
}

func TestWriteIsLimited(t *testing.T) {
	raw := rawDisk(8)
	for name, data := range map[string][]byte{
		"raw": raw, "qcow2": qcow2Of(t, raw), "raw.gz": compressWith(t, "gzip", raw), "qcow2.xz": compressWith(t, "xz", qcow2Of(t, raw)),
	} {
		disk := file(t, nil)
		if _, err := image.Write(t.Context(), disk, file(t, data), image.Options{MaxSize: 4 << 20}); !errors.Is(err, image.ErrTooLarge) {
			t.Errorf("%s of 8 MiB on a disk of 4: got error %v, want error %v", name, err, image.ErrTooLarge)
		}
		checkOnlyFile(t, disk)
	}
}

// allocatedBytes returns the disk space that a file uses, in bytes.
func allocatedBytes(t *testing.T, f *os.File) int64 {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Blocks * 512
}

// Write never writes more than fits into the free space.
func TestWriteWithoutRoom(t *testing.T) {
	full := errors.New("no room")
	raw := bytes.Repeat([]byte("a bomb. "), 64<<20/8)
	raw[510], raw[511] = 0x55, 0xaa
	for name, data := range map[string][]byte{
		"raw": raw, "qcow2": qcow2Of(t, raw, "-c"), "raw.gz": compressWith(t, "gzip", raw), "qcow2.zst": compressWith(t, "zstd", qcow2Of(t, raw, "-c")),
		"vmdk": convertTo(t, raw, "vmdk", "-o", "subformat=streamOptimized"),
	} {
		const room = 20 << 20
		disk := file(t, nil)
		opt := image.Options{Room: func(bytes int64) error {
			if allocatedBytes(t, disk)+bytes > room {
				return full
			}
			return nil
		}}
		if _, err := image.Write(t.Context(), disk, file(t, data), opt); !errors.Is(err, full) {
			t.Errorf("%s: got error %v, want error %v", name, err, full)
		}
		if used := allocatedBytes(t, disk); used > room || used < room/4 {
			t.Errorf("%s: got %d bytes written, want at most %d", name, used, room)
		}
		checkOnlyFile(t, disk)
	}
}

// A disk that needs all the free space is written in parts.
func TestWriteWithLittleRoom(t *testing.T) {
	raw := rawDisk(40)
	disk := file(t, nil)
	opt := image.Options{Room: func(bytes int64) error {
		if bytes > 12<<20 {
			return errors.New("no room")
		}
		return nil
	}}
	m := &meter{}
	opt.Progress = m
	if _, err := image.Write(t.Context(), disk, file(t, qcow2Of(t, raw)), opt); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(disk.Name()); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("the disk differs from the image: %d bytes, error %v", len(got), err)
	}
	if m.done.Load() != int64(len(raw)) {
		t.Errorf("got progress %d of %d, want %v", m.done.Load(), len(raw), int64(len(raw)))
	}
}

func TestWriteIsCanceled(t *testing.T) {
	raw := rawDisk(24)
	for name, data := range map[string][]byte{"raw": raw, "qcow2": qcow2Of(t, raw), "raw.zst": compressWith(t, "zstd", raw)} {
		ctx, cancel := context.WithCancel(t.Context())
		disk := file(t, nil)
		if _, err := image.Write(ctx, disk, file(t, data), image.Options{Progress: &meter{at: cancel}}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want error %v", name, err, context.Canceled)
		}
		cancel()
		checkOnlyFile(t, disk)
	}
}

// A small compressed file is read in one go, and may still be decompressed for minutes.
func TestDecompressionIsCanceled(t *testing.T) {
	raw := bytes.Repeat([]byte("data"), 4<<20)
	raw[510], raw[511] = 0x55, 0xaa
	for _, with := range []string{"gzip", "xz", "zstd"} {
		ctx, cancel := context.WithCancel(t.Context())
		disk := file(t, nil)
		// The first progress report comes after the whole file was read.
		_, err := image.Write(ctx, disk, file(t, compressWith(t, with, raw)), image.Options{Progress: &meter{at: cancel}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want Canceled", with, err)
		}
		cancel()
		if stat, err := disk.Stat(); err != nil || stat.Size() > 2<<20 {
			t.Errorf("%s: got %d of %d bytes written after the cancel, error %v; want at most 2 MiB", with, stat.Size(), len(raw), err)
		}
	}
}

func TestWriteDamaged(t *testing.T) {
	raw := rawDisk(8)
	for _, with := range []string{"gzip", "xz", "zstd"} {
		whole := compressWith(t, with, raw)
		for _, cut := range []int{len(whole) - 1, len(whole) - 9, len(whole) / 2, 20} {
			if _, err := image.Write(t.Context(), file(t, nil), file(t, whole[:cut]), image.Options{}); !errors.Is(err, image.ErrDamaged) {
				t.Errorf("%s cut to %d of %d: got error %v, want error %v", with, cut, len(whole), err, image.ErrDamaged)
			}
		}
		bad := bytes.Clone(whole)
		bad[len(bad)/2] ^= 0xff
		if _, err := image.Write(t.Context(), file(t, nil), file(t, bad), image.Options{}); !errors.Is(err, image.ErrDamaged) {
			t.Errorf("%s with a flipped byte: got error %v, want error %v", with, err, image.ErrDamaged)
		}
	}
}

// QEMU reads zeros beyond a file's end, so Write itself must detect truncated files.
func TestWriteCutQCOW2(t *testing.T) {
	raw := rawDisk(8)
	for name, whole := range map[string][]byte{
		"plain": qcow2Of(t, raw), "packed": qcow2Of(t, raw, "-c"),
		"wide entries": qcow2Of(t, raw, "-o", "extended_l2=on"), "packed with zstd": qcow2Of(t, raw, "-c", "-o", "compression_type=zstd"), "small clusters": qcow2Of(t, raw, "-o", "cluster_size=512"),
	} {
		if _, err := image.Write(t.Context(), file(t, nil), file(t, whole), image.Options{}); err != nil {
			t.Errorf("%s, whole: got error %v, want no error", name, err)
		}
		refused := 0
		for _, cut := range []int{len(whole) - 512, len(whole) - 64<<10, len(whole) / 2, 80} {
			disk := file(t, nil)
			_, err := image.Write(t.Context(), disk, file(t, whole[:cut]), image.Options{})
			if err == nil { // what was cut off was not needed
				if got, _ := os.ReadFile(disk.Name()); bytes.Equal(got, raw) {
					continue
				}
			}
			if !errors.Is(err, image.ErrDamaged) {
				t.Errorf("%s, cut to %d of %d bytes: got %v, want %v", name, cut, len(whole), err, image.ErrDamaged)
			}
			refused++
		}
		if refused < 2 { // half of an image lacks some data, and 80 bytes lack all of it
			t.Errorf("%s: %d cuts were refused, want at least 2", name, refused)
		}
	}
}

// QEMU reads zeros beyond the end of these files too.
func TestWriteCutForeign(t *testing.T) {
	raw := rawDisk(8)
	for name, whole := range map[string][]byte{
		"vmdk": convertTo(t, raw, "vmdk"), "streamed vmdk": convertTo(t, raw, "vmdk", "-o", "subformat=streamOptimized"),
		"vdi": convertTo(t, raw, "vdi"), "vhd": convertTo(t, raw, "vpc"), "vhdx": convertTo(t, raw, "vhdx"), "ova": ovaOf(t, raw),
		"fixed vhd": convertTo(t, mbr(rawDisk(8), 1, 8<<11-1), "vpc", "-o", "subformat=fixed,force_size=on"),
	} {
		if name == "vhdx" { // a VHDX ends with space for the disk's last block
			whole = whole[:len(whole)-len(whole)%(1<<20)]
		}
		for _, cut := range []int{len(whole) - 64<<10, len(whole) / 1024 * 512} {
			from := file(t, whole[:cut])
			_, err := image.Write(t.Context(), file(t, nil), from, image.Options{})
			if !errors.Is(err, image.ErrDamaged) && !errors.Is(err, image.ErrCutShort) {
				t.Errorf("%s, cut to %d of %d bytes: got error %v, want ErrDamaged or ErrCutShort", name, cut, len(whole), err)
			}
			if err := image.CheckContent(t.Context(), from, image.Options{}); err == nil {
				t.Errorf("%s, cut to %d of %d bytes: got no error from CheckContent, want one", name, cut, len(whole))
			}
		}
	}
}

func TestWriteOVA(t *testing.T) {
	raw := rawDisk(8)
	for name, data := range map[string][]byte{
		"streamed": ovaOf(t, raw), "qcow2": tarOf(t, "vm.ovf", []byte{}, "disk.img", qcow2Of(t, raw)),
		"vdi": tarOf(t, "a folder/vm.ovf", []byte{}, "disk.vdi", convertTo(t, raw, "vdi")),
	} {
		disk := file(t, nil)
		size, err := image.Write(t.Context(), disk, file(t, data), image.Options{})
		if got, _ := os.ReadFile(disk.Name()); err != nil || size != int64(len(raw)) || !bytes.Equal(got, raw) {
			t.Errorf("%s: Write = %d, %v; want the image's disk and %v", name, size, err, int64(len(raw)))
		}
	}
}

// A disk that does not match its OVA's manifest is rejected both on import and on use.
func TestOVAManifest(t *testing.T) {
	disk := convertTo(t, rawDisk(2), "vmdk", "-o", "subformat=streamOptimized")
	ova := func(line string, args ...any) *os.File {
		return file(t, tarOf(t, "vm.ovf", []byte("<Envelope/>"), "vm.mf", fmt.Appendf(nil, line, args...), "disk.vmdk", disk))
	}
	for name, test := range map[string]struct {
		from    *os.File
		refused bool
	}{
		"SHA256":       {ova("SHA256(disk.vmdk)= %x\n", sha256.Sum256(disk)), false},
		"SHA1":         {ova("SHA1(disk.vmdk)= %x", sha1.Sum(disk)), false},
		"another file": {ova("SHA1(other.vmdk)= %040d\r\n", 0), false},
		"no manifest":  {ova("no checksums"), false},
		"wrong SHA256": {ova("SHA1(vm.ovf)= %x\r\nSHA256(disk.vmdk)= %064d\r\n", sha1.Sum([]byte("<Envelope/>")), 0), true},
		"wrong SHA1":   {ova("SHA1(disk.vmdk)= %040d", 0), true},
		"wrong vm.ovf": {ova("SHA256(vm.ovf)= %064d", 0), true},
	} {
		_, written := image.Write(t.Context(), file(t, nil), test.from, image.Options{})
		for does, err := range map[string]error{"Write": written, "CheckContent": image.CheckContent(t.Context(), test.from, image.Options{})} {
			if errors.Is(err, image.ErrDamaged) != test.refused || err != nil && !test.refused {
				t.Errorf("%s: %s: got error %v, want ErrDamaged: %v", name, does, err, test.refused)
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

// The name of the image's file and its offset do not matter.
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
			t.Errorf("the disk differs from the image, or error %v", err)
		}
	}
}
