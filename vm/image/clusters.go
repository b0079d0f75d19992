package image

import (
	"encoding/binary"
	"io"
)

const (
	// maxL1 is the largest first table of a qcow2 file, in bytes; QEMU's limit too.
	maxL1 = 32 << 20

	entryOffset     = 0x00fffffffffffe00
	entryCompressed = 1 << 62
	entryZero       = 1 << 0
)

// geometry is where the data of a qcow2 file is told to be.
type geometry struct {
	disk, file  int64 // sizes in bytes
	clusterBits uint32
	l1At        int64
	l1Entries   uint32
	entrySize   int64 // of the second tables
}

// check finds out whether all that the tables tell of lies in the file.
// QEMU reads what is behind the file's end as zeros: of a file that was cut off
// it would make, without a word, a disk with holes.
func (g geometry) check(r io.ReaderAt) error {
	cluster := int64(1) << g.clusterBits
	perTable := cluster / g.entrySize
	needed := (g.disk + cluster*perTable - 1) / (cluster * perTable)
	if int64(g.l1Entries) < needed || needed*8 > maxL1 {
		return damaged("its first table has %d entries", g.l1Entries)
	}
	l1 := make([]byte, needed*8)
	if n, err := r.ReadAt(l1, g.l1At); n < len(l1) {
		return damaged("its first table: %w", err)
	}
	l2 := make([]byte, cluster)
	for i := range needed {
		at := int64(binary.BigEndian.Uint64(l1[i*8:]) & entryOffset)
		if at == 0 {
			continue
		}
		if n, err := r.ReadAt(l2, at); n < len(l2) {
			return damaged("a table is behind the file's end, at %d: %w", at, err)
		}
		if err := g.checkTable(l2, i*perTable*cluster); err != nil {
			return err
		}
	}
	return nil
}

// checkTable looks at a second table, whose first entry tells of the disk from
// the offset disk on.
func (g geometry) checkTable(l2 []byte, disk int64) error {
	cluster := int64(1) << g.clusterBits
	for ; len(l2) > 0 && disk < g.disk; disk += cluster {
		entry := binary.BigEndian.Uint64(l2)
		l2 = l2[g.entrySize:]
		at, length := int64(entry&entryOffset), min(cluster, g.disk-disk)
		switch {
		case entry&entryCompressed != 0:
			bits := 62 - (g.clusterBits - 8) // of the offset; those above count sectors
			at, length = int64(entry&(1<<bits-1)), 1
		case g.entrySize > 8:
			length = 1 // of its parts, some may never have been written
		case entry&entryZero != 0:
			continue
		}
		if at != 0 && at+length > g.file {
			return damaged("it is cut off: data is told to be at %d, and the file has %d bytes", at, g.file)
		}
	}
	return nil
}
