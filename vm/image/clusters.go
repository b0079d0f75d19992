package image

import (
	"encoding/binary"
	"io"
	"math/bits"

	"vmterminal/snapshot/durable/guard"
)

const (
	// maxL1 is the maximum size of a qcow2 file's L1 table in bytes, as in QEMU.
	maxL1 = 32 << 20

	entryOffset     = 0x00fffffffffffe00
	entryCompressed = 1 << 62
	entryZero       = 1 << 0

	// subclusters is the number of subclusters of a cluster with an extended L2 entry.
	subclusters = 32
)

// geometry describes the tables of a qcow2 file.
type geometry struct {
	disk, file  int64 // sizes in bytes
	clusterBits uint32
	l1At        int64
	l1Entries   uint32
	entrySize   int64 // of the L2 tables
}

// checkTables verifies that all data that the tables refer to is in the file. QEMU reads zeros
// beyond a file's end: it would silently turn a truncated file into a disk with holes.
func (g geometry) checkTables(r io.ReaderAt) error {
	cluster := int64(1) << g.clusterBits
	perTable := cluster / g.entrySize
	needed := (g.disk + cluster*perTable - 1) / (cluster * perTable)
	if int64(g.l1Entries) < needed || needed*8 > maxL1 {
		return damagedError("its L1 table has %d entries", g.l1Entries)
	}
	l1 := make([]byte, needed*8)
	if n, err := r.ReadAt(l1, g.l1At); n < len(l1) {
		return damagedError("its L1 table: %w", err)
	}
	l2 := make([]byte, cluster)
	tables := int64(0)
	for i := range needed {
		at := int64(binary.BigEndian.Uint64(l1[i*8:]) & entryOffset)
		if at == 0 {
			continue
		}
		if tables += cluster; tables > g.file { // checking a small file must not take hours
			return damagedError("its L2 tables are larger than the file")
		}
		if n, err := r.ReadAt(l2, at); n < len(l2) {
			return damagedError("L2 table at byte %d: %w", at, err)
		}
		if err := g.checkTable(l2, i*perTable*cluster); err != nil {
			return err
		}
	}
	return nil
}

// checkTable checks an L2 table. disk is the offset of its first entry in the disk.
func (g geometry) checkTable(l2 []byte, disk int64) error {
	cluster := int64(1) << g.clusterBits
	for ; len(l2) > 0 && disk < g.disk; disk += cluster {
		entry := l2[:g.entrySize]
		l2 = l2[g.entrySize:]
		at, length := g.extent(entry, min(cluster, g.disk-disk))
		if length > 0 && at+length > g.file && guard.On(guard.ImageEnd) {
			return damagedError("it is cut off: its data ends at byte %d, but the file has %d bytes", at+length, g.file)
		}
	}
	return nil
}

// extent returns where the data of a cluster is in the file; size is the number of its bytes
// that are within the disk. length is 0 if the cluster has no data.
func (g geometry) extent(entry []byte, size int64) (at, length int64) {
	first := binary.BigEndian.Uint64(entry)
	at = int64(first & entryOffset)
	switch {
	case first&entryCompressed != 0:
		offsetBits := 62 - (g.clusterBits - 8) // the bits above are the number of additional sectors
		at = int64(first & (1<<offsetBits - 1))
		extra := int64(first &^ entryCompressed &^ (1 << 63) >> offsetBits)
		return at, (extra+1)*sector - at%sector
	case at == 0:
		return 0, 0
	case g.entrySize > 8: // a bit per subcluster
		allocated := bits.Len32(uint32(binary.BigEndian.Uint64(entry[8:])))
		return at, min(int64(allocated)<<g.clusterBits/subclusters, size)
	case first&entryZero != 0:
		return 0, 0
	}
	return at, size
}
