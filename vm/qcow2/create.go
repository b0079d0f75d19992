package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"vmterminal/snapshot/durable"
)

// Layout of an empty overlay, in clusters. The L1 table is the last part; it is all zeros, as
// nothing is allocated.
const (
	refcountTableCluster = 1 // with one entry
	refcountBlockCluster = 2 // 1 for each cluster of the file
	firstL1Cluster       = 3
)

// Create creates an empty overlay for a disk that is size bytes long, a multiple of 512. The
// file must not exist. Its contents are durable when Create returns; its name is durable after
// the caller has synced the folder.
func Create(path string, size int64) error {
	if size <= 0 || size > maxSize || size%sector != 0 {
		return fmt.Errorf("cannot create an overlay for a disk of %d bytes", size)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, durable.FileMode)
	if err != nil {
		return err
	}
	err = errors.Join(writeEmpty(f, size), f.Close())
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

func writeEmpty(f *os.File, size int64) error {
	entries := l1Entries(size)
	clusters := firstL1Cluster + (entries*8+ClusterSize-1)/ClusterSize
	if err := f.Truncate(clusters * ClusterSize); err != nil {
		return err
	}
	if _, err := f.WriteAt(emptyHeader(size, entries), 0); err != nil {
		return err
	}
	table := binary.BigEndian.AppendUint64(nil, refcountBlockCluster*ClusterSize)
	if _, err := f.WriteAt(table, refcountTableCluster*ClusterSize); err != nil {
		return err
	}
	var counts []byte
	for range clusters {
		counts = binary.BigEndian.AppendUint16(counts, 1)
	}
	if _, err := f.WriteAt(counts, refcountBlockCluster*ClusterSize); err != nil {
		return err
	}
	return durable.SyncFile(f)
}

// l1Entries returns the number of L1 entries for a disk that is size bytes long.
func l1Entries(size int64) int64 { return (size + bytesPerL1 - 1) / bytesPerL1 }

func emptyHeader(size, l1Entries int64) []byte {
	be := binary.BigEndian
	h := append(make([]byte, 0, headerLength), magic...)
	h = be.AppendUint32(h, version)
	h = be.AppendUint64(h, 0) // no backing file
	h = be.AppendUint32(h, 0) // length of the backing file's name
	h = be.AppendUint32(h, clusterBits)
	h = be.AppendUint64(h, uint64(size))
	h = be.AppendUint32(h, 0) // no encryption
	h = be.AppendUint32(h, uint32(l1Entries))
	h = be.AppendUint64(h, firstL1Cluster*ClusterSize)
	h = be.AppendUint64(h, refcountTableCluster*ClusterSize)
	h = be.AppendUint32(h, 1)             // clusters of the refcount table
	h = be.AppendUint32(h, 0)             // no internal snapshots
	h = be.AppendUint64(h, 0)             // offset of the snapshot table
	h = append(h, make([]byte, 3*8)...)   // no features
	h = be.AppendUint32(h, refcountOrder) //
	return be.AppendUint32(h, headerLength)
}
