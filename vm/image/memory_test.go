package image_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"

	"vmterminal/vm/image"
)

// hugeXZ returns an xz file that needs a dictionary of 4 GiB.
func hugeXZ(t *testing.T) []byte {
	t.Helper()
	b := compressWith(t, "xz", rawDisk(2))
	block := b[12:] // after the stream's header
	header := block[:(int(block[0])+1)*4]
	at := bytes.Index(header, []byte{0x21, 1}) // the filter LZMA2 and the length of its properties
	header[at+2] = 40
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
	return b
}

// Files that need too much memory are rejected before it is allocated.
func TestMemoryIsBounded(t *testing.T) {
	long := tool(t, rawDisk(2), "zstd", "-c", "--no-content-size", "--ultra", "--long=31")
	for name, data := range map[string][]byte{
		"xz": hugeXZ(t), "many xz": bytes.Repeat(hugeXZ(t), 100), "zstd": long,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		from := file(t, data)
		if _, err := image.Inspect(from); !errors.Is(err, image.ErrNotImage) || !strings.Contains(err.Error(), "memory") {
			t.Errorf("%s: got error %v, want error %v with %q in it", name, err, image.ErrNotImage, "memory")
		}
		if _, err := image.Write(t.Context(), file(t, nil), from, image.Options{}); !errors.Is(err, image.ErrNotImage) {
			t.Errorf("%s: got error %v, want error %v", name, err, image.ErrNotImage)
		}
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 300<<20 {
			t.Errorf("%s: got %d MiB allocated, want at most 300", name, taken>>20)
		}
	}
	// The settings of xz -9 are accepted.
	if _, err := image.Write(t.Context(), file(t, nil), file(t, tool(t, rawDisk(8), "xz", "-9", "-c")), image.Options{}); err != nil {
		t.Error(err)
	}
}

// Checking a file whose L1 entries all refer to the same table must not take hours.
func TestRepeatedTablesAreRejected(t *testing.T) {
	data := qcow2Of(t, rawDisk(2), "-o", "cluster_size=4096")
	l1 := int(binary.BigEndian.Uint64(data[40:]))
	table := binary.BigEndian.Uint64(data[l1:])
	tables := len(data)/8 + 1
	binary.BigEndian.PutUint64(data[24:], uint64(tables)<<21) // the disk's size
	binary.BigEndian.PutUint32(data[36:], uint32(tables))
	binary.BigEndian.PutUint64(data[40:], uint64(len(data)+4095)/4096*4096)
	data = append(data, make([]byte, (4096-len(data)%4096)%4096)...)
	for range tables {
		data = binary.BigEndian.AppendUint64(data, table)
	}
	if _, err := image.Inspect(file(t, data)); !errors.Is(err, image.ErrDamaged) || !strings.Contains(err.Error(), "tables") {
		t.Error(err)
	}
}
