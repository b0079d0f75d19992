package image_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/vm/image"
)

// createWithQEMUImg returns the file DIR/made that qemu-img creates with args. DIR/base is a raw disk.
func createWithQEMUImg(t *testing.T, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "base"), rawDisk(2), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "DIR", dir)
	}
	if out, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: got %s, want no error", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "made"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// withBytesAt returns a copy of a file with bytes replaced at an offset.
func withBytesAt(sound []byte, at int, b ...byte) []byte {
	changed := bytes.Clone(sound)
	copy(changed[at:], b)
	return changed
}

func TestInspectRejects(t *testing.T) {
	sound := qcow2Of(t, rawDisk(2))
	patchedAt := func(at int, b ...byte) []byte { return withBytesAt(sound, at, b...) }
	vmdk := convertTo(t, rawDisk(2), "vmdk")
	for name, of := range map[string]struct {
		data []byte
		is   error
		says string
	}{
		"nothing":              {nil, image.ErrNotImage, "no boot sector"},
		"zeros":                {make([]byte, 1<<20), image.ErrNotImage, "no boot sector"},
		"text":                 {[]byte("hello"), image.ErrNotImage, "no boot sector"},
		"a page":               {[]byte("<!DOCTYPE html><title>404</title>"), image.ErrNotImage, "a web page"},
		"a backing file":       {createWithQEMUImg(t, "create", "-q", "-f", "qcow2", "-b", "DIR/base", "-F", "raw", "DIR/made"), image.ErrNotImage, "backing file"},
		"an external file":     {createWithQEMUImg(t, "create", "-q", "-f", "qcow2", "-o", "data_file=DIR/data,data_file_raw=on", "DIR/made", "2M"), image.ErrNotImage, "another file"},
		"encrypted":            {patchedAt(35, 2), image.ErrNotImage, "encrypted"},
		"the data file bit":    {patchedAt(79, 4), image.ErrNotImage, "another file"},
		"the corrupt bit":      {patchedAt(79, 2), image.ErrDamaged, "corrupt"},
		"an unknown bit":       {patchedAt(78, 1), image.ErrNotImage, "features"},
		"version 4":            {patchedAt(7, 4), image.ErrNotImage, "version 4"},
		"version 1":            {patchedAt(7, 1), image.ErrNotImage, "version 1"},
		"huge clusters":        {patchedAt(23, 60), image.ErrDamaged, "clusters"},
		"a long header":        {patchedAt(100, 0xff), image.ErrDamaged, "header"},
		"no disk":              {patchedAt(24, make([]byte, 8)...), image.ErrDamaged, "a disk of 0 bytes"},
		"a huge disk":          {patchedAt(24, 0x7f), image.ErrNotImage, "too large"},
		"a wild extension":     {patchedAt(112, 1, 2, 3, 4, 0x7f, 0xff, 0xff, 0xff), image.ErrDamaged, "do not end"},
		"a vmdk's snapshot":    {bytes.Replace(vmdk, []byte("parentCID=ffffffff"), []byte("parentCID=12345678"), 1), image.ErrNotImage, "difference"},
		"a vmdk's description": {createWithQEMUImg(t, "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", "DIR/made", "2M"), image.ErrNotImage, "in other files"},
		"a vmdk that leads on": {withBytesAt(vmdk, 12, make([]byte, 8)...), image.ErrNotImage, "in other files"},
		"a vmdk's part":        {withBytesAt(vmdk, 28, make([]byte, 16)...), image.ErrNotImage, "one of several files"},
		"a vmdk's huge text":   {withBytesAt(vmdk, 36, 0, 0, 0, 0x40), image.ErrDamaged, "descriptor"},
		"a vdi's snapshot":     {withBytesAt(convertTo(t, rawDisk(2), "vdi"), 76, 4), image.ErrNotImage, "difference"},
		"a vhd's snapshot":     {withBytesAt(convertTo(t, rawDisk(2), "vpc"), 63, 4), image.ErrNotImage, "difference"},
		"an ova of two disks":  {tarOf(t, "a.ovf", []byte{}, "1.vmdk", vmdk, "2.vmdk", vmdk), image.ErrNotImage, "several disks"},
		"an ova of none":       {tarOf(t, "a.ovf", []byte{}), image.ErrNotImage, "without a disk"},
		"an ova of a part":     {tarOf(t, "a.ovf", []byte{}, "1.vmdk", withBytesAt(vmdk, 28, make([]byte, 16)...)), image.ErrNotImage, "one of several files"},
		"a tar":                {tarOf(t, "disk.raw", rawDisk(2)), image.ErrNotImage, "not an OVA"},
		"a tar.gz":             {compressWith(t, "gzip", tarOf(t, "disk.raw", rawDisk(2))), image.ErrNotImage, "tar archive"},
		"luks":                 {append([]byte("LUKS\xba\xbe"), make([]byte, 4096)...), image.ErrNotImage, "encrypted"},
		"bzip2":                {[]byte("BZh91AY"), image.ErrNotImage, "bzip2"},
		"part of a sector":     {rawDisk(2)[:1<<20+1], image.ErrNotImage, "whole number of"},
		"packed twice":         {compressWith(t, "xz", compressWith(t, "gzip", rawDisk(2))), image.ErrNotImage, "compressed twice"},
		"packed text":          {compressWith(t, "gzip", []byte("hello")), image.ErrNotImage, "no boot sector"},
		"a gzip header":        {[]byte("\x1f\x8b\x08"), image.ErrDamaged, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			f := file(t, of.data)
			_, err := image.Inspect(f)
			if !errors.Is(err, of.is) || !strings.Contains(err.Error(), of.says) {
				t.Errorf("Inspect: got error %v, want error %v with %q in it", err, of.is, of.says)
			}
			if _, err := image.Write(t.Context(), file(t, nil), f, image.Options{}); !errors.Is(err, of.is) {
				t.Errorf("Write: got error %v, want error %v", err, of.is)
			}
		})
	}
}

// A file that Inspect rejects is also rejected inside a compressed file, before QEMU opens
// it.
func TestWriteRejectsCompressed(t *testing.T) {
	inside := createWithQEMUImg(t, "create", "-q", "-f", "qcow2", "-b", "DIR/base", "-F", "raw", "DIR/made")
	for _, tool := range []string{"gzip", "xz", "zstd"} {
		_, err := image.Write(t.Context(), file(t, nil), file(t, compressWith(t, tool, inside)), image.Options{})
		if !errors.Is(err, image.ErrNotImage) || !strings.Contains(err.Error(), "backing file") {
			t.Errorf("%s: got error %v, want ErrNotImage about a backing file", tool, err)
		}
	}
}

func TestInspectFolder(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := image.Inspect(dir); !errors.Is(err, image.ErrNotImage) {
		t.Error(err)
	}
}

func FuzzLook(f *testing.F) {
	header := make([]byte, 512)
	copy(header, "QFI\xfb\x00\x00\x00\x03")
	binary.BigEndian.PutUint32(header[20:], 16)
	binary.BigEndian.PutUint64(header[24:], 1<<20)
	binary.BigEndian.PutUint32(header[100:], 104)
	f.Add(header)
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00"))
	f.Add([]byte("\xfd7zXZ\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := image.Inspect(file(t, data))
		if err == nil && (info.Format == "" || info.Compression == image.Plain && info.DiskSize <= 0) {
			t.Errorf("Inspect = %+v without an error, want a format, and a size if uncompressed", info)
		}
	})
}
