package qemu

import (
	"encoding/binary"
	"fmt"
	"os"

	"vmterminal/snapshot/durable"
)

// A fleece is a file for the old contents of blocks that the guest overwrites. It is created
// as an empty qcow2 file (version 3, see docs/interop/qcow2.txt of QEMU) with clusters of 64
// KiB:
//
//	cluster 0    header
//	cluster 1    refcount table, with one entry
//	cluster 2    refcount block: 1 for each of these clusters
//	cluster 3…   L1 table, all zeros: nothing is allocated
const (
	clusterBits    = 16
	clusterSize    = 1 << clusterBits
	firstL1Cluster = 3
	bytesPerL1     = clusterSize / 8 * clusterSize // bytes of the disk per L1 entry
	maxFleeceDisk  = 64 << 40
	headerLength   = 104
)

// createFleece creates the fleece for a disk that is size bytes long. It replaces a fleece
// that an interrupted point in time left behind.
func createFleece(path string, size int64) error {
	if size <= 0 || size > maxFleeceDisk {
		return fmt.Errorf("cannot create a fleece for a disk of %d bytes", size)
	}
	if err := removeFile(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, durable.FileMode)
	if err != nil {
		return err
	}
	defer f.Close()
	entries := (size + bytesPerL1 - 1) / bytesPerL1
	clusters := firstL1Cluster + (entries*8+clusterSize-1)/clusterSize
	if err := f.Truncate(clusters * clusterSize); err != nil {
		return err
	}
	if _, err := f.WriteAt(fleeceHeader(size, entries), 0); err != nil {
		return err
	}
	table := binary.BigEndian.AppendUint64(nil, 2*clusterSize)
	if _, err := f.WriteAt(table, clusterSize); err != nil {
		return err
	}
	var counts []byte
	for range clusters {
		counts = binary.BigEndian.AppendUint16(counts, 1)
	}
	if _, err := f.WriteAt(counts, 2*clusterSize); err != nil {
		return err
	}
	return f.Close()
}

func fleeceHeader(size, l1Entries int64) []byte {
	be := binary.BigEndian
	h := append(make([]byte, 0, headerLength), "QFI\xfb"...)
	h = be.AppendUint32(h, 3)                          // version
	h = be.AppendUint64(h, 0)                          // no backing file
	h = be.AppendUint32(h, 0)                          // length of the backing file's name
	h = be.AppendUint32(h, clusterBits)                //
	h = be.AppendUint64(h, uint64(size))               //
	h = be.AppendUint32(h, 0)                          // no encryption
	h = be.AppendUint32(h, uint32(l1Entries))          //
	h = be.AppendUint64(h, firstL1Cluster*clusterSize) // offset of the L1 table
	h = be.AppendUint64(h, clusterSize)                // offset of the refcount table
	h = be.AppendUint32(h, 1)                          // clusters of the refcount table
	h = be.AppendUint32(h, 0)                          // no internal snapshots
	h = be.AppendUint64(h, 0)                          // offset of the snapshot table
	h = append(h, make([]byte, 3*8)...)                // no features
	h = be.AppendUint32(h, 4)                          // refcount width: 1<<4 bits
	return be.AppendUint32(h, headerLength)
}
