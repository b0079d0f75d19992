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

// madeBy is the file that qemu-img makes in another format.
func madeBy(t *testing.T, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "base"), rawDisk(2), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "DIR", dir)
	}
	if out, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "made"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLookRefuses(t *testing.T) {
	sound := qcow2Of(t, rawDisk(2))
	with := func(at int, b ...byte) []byte {
		changed := bytes.Clone(sound)
		copy(changed[at:], b)
		return changed
	}
	for name, of := range map[string]struct {
		data []byte
		is   error
		says string
	}{
		"nothing":           {nil, image.ErrNotImage, "neither qcow2 nor"},
		"zeros":             {make([]byte, 1<<20), image.ErrNotImage, "neither qcow2 nor"},
		"text":              {[]byte("hello"), image.ErrNotImage, "neither qcow2 nor"},
		"a page":            {[]byte("<!DOCTYPE html><title>404</title>"), image.ErrNotImage, "a web page"},
		"a backing file":    {madeBy(t, "create", "-q", "-f", "qcow2", "-b", "DIR/base", "-F", "raw", "DIR/made"), image.ErrNotImage, "backing file"},
		"an external file":  {madeBy(t, "create", "-q", "-f", "qcow2", "-o", "data_file=DIR/data,data_file_raw=on", "DIR/made", "2M"), image.ErrNotImage, "another file"},
		"encrypted":         {with(35, 2), image.ErrNotImage, "encrypted"},
		"the data file bit": {with(79, 4), image.ErrNotImage, "another file"},
		"the corrupt bit":   {with(79, 2), image.ErrDamaged, "corrupt"},
		"an unknown bit":    {with(78, 1), image.ErrNotImage, "features"},
		"version 4":         {with(7, 4), image.ErrNotImage, "version 4"},
		"version 1":         {with(7, 1), image.ErrNotImage, "version 1"},
		"huge clusters":     {with(23, 60), image.ErrDamaged, "clusters"},
		"a long header":     {with(100, 0xff), image.ErrDamaged, "header"},
		"no disk":           {with(24, make([]byte, 8)...), image.ErrDamaged, "a disk of 0 bytes"},
		"a huge disk":       {with(24, 0x7f), image.ErrNotImage, "larger than any that is possible here"},
		"a wild extension":  {with(112, 1, 2, 3, 4, 0x7f, 0xff, 0xff, 0xff), image.ErrDamaged, "do not end"},
		"vmdk":              {madeBy(t, "create", "-q", "-f", "vmdk", "DIR/made", "2M"), image.ErrNotImage, "VMDK"},
		"vdi":               {madeBy(t, "create", "-q", "-f", "vdi", "DIR/made", "2M"), image.ErrNotImage, "VDI"},
		"vhdx":              {madeBy(t, "create", "-q", "-f", "vhdx", "DIR/made", "2M"), image.ErrNotImage, "VHDX"},
		"vhd":               {madeBy(t, "create", "-q", "-f", "vpc", "DIR/made", "2M"), image.ErrNotImage, "VHD"},
		"a fixed vhd":       {madeBy(t, "convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed,force_size=on", "DIR/base", "DIR/made"), image.ErrNotImage, "VHD"},
		"luks":              {append([]byte("LUKS\xba\xbe"), make([]byte, 4096)...), image.ErrNotImage, "encrypted"},
		"bzip2":             {[]byte("BZh91AY"), image.ErrNotImage, "bzip2"},
		"part of a sector":  {rawDisk(2)[:1<<20+1], image.ErrNotImage, "whole sectors"},
		"packed twice":      {packed(t, "xz", packed(t, "gzip", rawDisk(2))), image.ErrNotImage, "packed twice"},
		"packed text":       {packed(t, "gzip", []byte("hello")), image.ErrNotImage, "neither qcow2 nor"},
		"a gzip header":     {[]byte("\x1f\x8b\x08"), image.ErrDamaged, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			f := file(t, of.data)
			_, err := image.Look(f)
			if !errors.Is(err, of.is) || !strings.Contains(err.Error(), of.says) {
				t.Errorf("Look: %v", err)
			}
			if _, err := image.Write(t.Context(), file(t, nil), f, image.Options{}); !errors.Is(err, of.is) {
				t.Errorf("Write: %v", err)
			}
		})
	}
}

// What is refused as it is, is refused packed too, before QEMU sees it.
func TestWriteRefusesWhatIsInside(t *testing.T) {
	inside := madeBy(t, "create", "-q", "-f", "qcow2", "-b", "DIR/base", "-F", "raw", "DIR/made")
	for _, with := range []string{"gzip", "xz", "zstd"} {
		_, err := image.Write(t.Context(), file(t, nil), file(t, packed(t, with, inside)), image.Options{})
		if !errors.Is(err, image.ErrNotImage) || !strings.Contains(err.Error(), "backing file") {
			t.Errorf("%s: %v", with, err)
		}
	}
}

func TestLookAtFolder(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := image.Look(dir); !errors.Is(err, image.ErrNotImage) {
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
		info, err := image.Look(file(t, data))
		if err == nil && (info.Format == "" || info.Packing == image.Plain && info.DiskSize <= 0) {
			t.Errorf("%+v without an error", info)
		}
	})
}
