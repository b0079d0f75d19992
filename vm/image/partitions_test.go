package image_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"vmterminal/vm/image"
)

// mbr writes an MBR with one partition to a disk; units are sectors.
func mbr(disk []byte, start, count uint32) []byte {
	entry := disk[446:][:16]
	entry[0], entry[4] = 0x80, 0x83
	binary.LittleEndian.PutUint32(entry[8:], start)
	binary.LittleEndian.PutUint32(entry[12:], count)
	return disk
}

// gpt writes a GPT for the given sector size to a disk, with the backup header in the last
// sector.
func gpt(disk []byte, sectorSize int) []byte {
	disk[446+4] = 0xee
	header := disk[sectorSize:][:92]
	copy(header, "EFI PART")
	last := uint64(len(disk)/sectorSize - 1)
	binary.LittleEndian.PutUint32(header[12:], 92)
	binary.LittleEndian.PutUint64(header[32:], last)
	binary.LittleEndian.PutUint64(header[48:], last-33)
	binary.LittleEndian.PutUint32(header[16:], crc32.ChecksumIEEE(header))
	return disk
}

func TestDiskShorterThanItsPartitions(t *testing.T) {
	dos, guid := mbr(rawDisk(8), 2048, 12<<10), gpt(rawDisk(8), 512)
	stale := gpt(rawDisk(8), 512)
	stale[512+60]++ // its checksum does not match
	code := rawDisk(8)
	copy(code[446:], bytes.Repeat([]byte{0x90}, 64)) // the boot code of a disk without partitions
	for name, of := range map[string]struct {
		disk []byte
		want error
	}{
		"dos":                          {dos, nil},
		"dos, cut":                     {dos[:4<<20], image.ErrCutShort},
		"dos, cut by a sector":         {dos[:7<<20-512], image.ErrCutShort},
		"gpt":                          {guid, nil},
		"gpt, cut":                     {guid[:4<<20], image.ErrCutShort},
		"gpt, cut by a sector":         {guid[:8<<20-512], image.ErrCutShort},
		"gpt that nothing vouches for": {stale[:4<<20], nil},
		"boot code":                    {code[:4<<20], nil},
	} {
		files := map[string][]byte{"raw": of.disk, "raw.gz": compressWith(t, "gzip", of.disk)}
		if name == "gpt, cut" {
			files["qcow2"], files["vdi"] = qcow2Of(t, of.disk), convertTo(t, of.disk, "vdi")
		}
		for format, data := range files {
			from := file(t, data)
			if _, err := image.Write(t.Context(), file(t, nil), from, image.Options{}); !errors.Is(err, of.want) {
				t.Errorf("%s as %s: got error %v, want error %v", name, format, err, of.want)
			}
			if _, err := image.Write(t.Context(), file(t, nil), from, image.Options{Force: true}); err != nil {
				t.Errorf("%s as %s, forced: got error %v, want no error", name, format, err)
			}
			if strings.HasPrefix(format, "raw") {
				if err := image.CheckContent(t.Context(), from, image.Options{}); !errors.Is(err, of.want) {
					t.Errorf("%s as %s, checked: got error %v, want error %v", name, format, err, of.want)
				}
			}
		}
	}
}

func TestDiskForLargeSectors(t *testing.T) {
	from := file(t, gpt(rawDisk(8), 4096))
	if _, err := image.Write(t.Context(), file(t, nil), from, image.Options{}); !errors.Is(err, image.ErrNotImage) || !strings.Contains(err.Error(), "4096") {
		t.Error(err)
	}
}
