package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bits of an entry of the L1 table (only the first two) and of the L2 tables. All others are
// reserved.
const (
	entryCopied     = 1 << 63
	entryOffset     = 0x00fffffffffffe00
	entryCompressed = 1 << 62
	entryZero       = 1 << 0
)

// An Overlay is an overlay that is open for reading. Its methods must not be called while a
// QEMU has the file open.
type Overlay struct {
	f         *os.File
	fileSize  int64
	size      int64   // of the disk
	dirty     bool    // the refcounts may be outdated
	refcounts []int64 // offsets of the refcount blocks, 0 for those that do not exist
	l2        []int64 // offsets of the L2 tables, 0 for those that do not exist
}

// Open opens an overlay and checks its header and tables. It returns ErrUnsupported or
// ErrDamaged for a file that cannot be read correctly. The caller must call Close.
func Open(path string) (*Overlay, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	o := &Overlay{f: f}
	if err := o.load(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open overlay %s: %w", path, err)
	}
	return o, nil
}

// Close closes the file.
func (o *Overlay) Close() error { return o.f.Close() }

// Size returns the size of the disk in bytes.
func (o *Overlay) Size() int64 { return o.size }

// Allocated returns the parts of the disk that the overlay defines, as data or as zeros, in
// ascending order. There is a gap between any two of them. The end of the last one is at most
// Size.
func (o *Overlay) Allocated() ([]Range, error) {
	var ranges []Range
	err := o.walk(func(c cluster) error {
		end := min(c.disk+ClusterSize, o.size)
		if last := len(ranges) - 1; last >= 0 && ranges[last].End == c.disk {
			ranges[last].End = end
		} else {
			ranges = append(ranges, Range{c.disk, end})
		}
		return nil
	})
	return ranges, err
}

func (o *Overlay) load() error {
	info, err := o.f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return unsupportedError("it is not a regular file")
	}
	o.fileSize = info.Size()
	h, err := o.readHeader()
	if err != nil {
		return err
	}
	o.size, o.dirty = h.size, h.dirty
	used := newClusterSet(o.size)
	if err := used.add(0); err != nil {
		return err
	}
	if o.refcounts, err = o.readTable(used, "refcount table", h.refcountTable, h.refcountEntries); err != nil {
		return err
	}
	if o.l2, err = o.readTable(used, "L1 table", h.l1Table, h.l1Entries); err != nil {
		return err
	}
	return o.walk(func(c cluster) error {
		if c.at == 0 {
			return nil
		}
		if err := used.add(c.at); err != nil {
			return err
		}
		return o.checkEnd(c.at)
	})
}

// readTable reads a table of references to other tables, each of which is one cluster. It adds
// the clusters of all of them to used.
func (o *Overlay) readTable(used clusterSet, name string, at uint64, entries int64) ([]int64, error) {
	offsets := make([]int64, 0, entries)
	buf := make([]byte, ClusterSize)
	for ; entries > 0; at += ClusterSize {
		if err := o.checkCluster(name, at); err != nil {
			return nil, err
		}
		if err := used.add(int64(at)); err != nil {
			return nil, err
		}
		if _, err := o.f.ReadAt(buf, int64(at)); err != nil {
			return nil, err
		}
		for e := buf[:8*min(entries, entriesPerTable)]; len(e) > 0; e = e[8:] {
			offset, err := o.tableOffset(name, binary.BigEndian.Uint64(e))
			if err != nil {
				return nil, err
			}
			if offset != 0 {
				if err := used.add(offset); err != nil {
					return nil, err
				}
			}
			offsets = append(offsets, offset)
		}
		entries -= entriesPerTable
	}
	return offsets, nil
}

// tableOffset returns the offset in an entry of the table called name, or 0 for an empty entry.
func (o *Overlay) tableOffset(name string, entry uint64) (int64, error) {
	if entry == 0 {
		return 0, nil
	}
	at := entry &^ entryCopied
	if at == 0 || at&^entryOffset != 0 {
		return 0, damagedError("the %s has the entry %#x", name, entry)
	}
	return int64(at), o.checkCluster("table in the "+name, at)
}

// checkCluster verifies that a cluster of tables, unlike one of data, is entirely in the file:
// QEMU makes tables durable before it refers to them.
func (o *Overlay) checkCluster(name string, at uint64) error {
	if at%ClusterSize != 0 || at < ClusterSize || at > uint64(o.fileSize) || o.fileSize-int64(at) < ClusterSize {
		return damagedError("%s at byte %d of a file of %d bytes", name, at, o.fileSize)
	}
	return nil
}

// A cluster is a part of the disk that the overlay defines.
type cluster struct {
	disk int64 // offset in the disk
	at   int64 // offset in the file, or 0 if there is no data
	zero bool  // it consists of zeros, whether or not there is data
}

// walk calls visit for each cluster that the overlay defines, in ascending order, and returns
// its first error.
func (o *Overlay) walk(visit func(cluster) error) error {
	table := make([]byte, ClusterSize)
	for i, at := range o.l2 {
		if at == 0 {
			continue
		}
		if _, err := o.f.ReadAt(table, at); err != nil {
			return err
		}
		disk := int64(i) * bytesPerL1
		for e := table; len(e) > 0 && disk < o.size; e = e[8:] {
			c, err := parseEntry(binary.BigEndian.Uint64(e))
			if err != nil {
				return fmt.Errorf("%w, for byte %d of the disk", err, disk)
			}
			if c.disk = disk; c.zero || c.at != 0 {
				if err := visit(c); err != nil {
					return err
				}
			}
			disk += ClusterSize
		}
	}
	return nil
}

// parseEntry parses an entry of an L2 table.
func parseEntry(entry uint64) (cluster, error) {
	at := entry & entryOffset
	switch {
	case entry&entryCompressed != 0:
		return cluster{}, unsupportedError("a compressed cluster")
	case entry&^(entryOffset|entryCopied|entryZero) != 0, at%ClusterSize != 0, at == 0 && entry&entryCopied != 0:
		return cluster{}, damagedError("an L2 table has the entry %#x", entry)
	}
	return cluster{at: int64(at), zero: entry&entryZero != 0}, nil
}

// checkEnd returns an error for data at offset at if that is past the file's end and the
// reference to it is wrong. It need not be: after a power cut, data that the guest had not
// flushed may be missing. QEMU reads zeros there. But it makes the refcount durable before it
// refers to the data.
func (o *Overlay) checkEnd(at int64) error {
	if at < o.fileSize || o.dirty {
		return nil
	}
	i := at / ClusterSize
	if block := i / refcountsPerBlock; block < int64(len(o.refcounts)) && o.refcounts[block] != 0 {
		var count [refcountSize]byte
		if _, err := o.f.ReadAt(count[:], o.refcounts[block]+i%refcountsPerBlock*refcountSize); err != nil {
			return err
		}
		if binary.BigEndian.Uint16(count[:]) == 1 {
			return nil
		}
	}
	return damagedError("data at byte %d of a file of %d bytes", at, o.fileSize)
}

const (
	refcountSize      = 1 << refcountOrder / 8 // bytes
	refcountsPerBlock = ClusterSize / refcountSize
)

// readCluster reads the cluster at offset at of the file, with zeros past the file's end.
func (o *Overlay) readCluster(buf []byte, at int64) error {
	n, err := o.f.ReadAt(buf, at)
	if errors.Is(err, io.EOF) {
		clear(buf[n:])
		err = nil
	}
	return err
}

// A clusterSet has a bit for each cluster that a file can have.
type clusterSet []uint64

// newClusterSet returns the set for a disk that is size bytes long. The file is limited, and
// the memory with it, to twice the disk and 1 GiB. That is far more than the disk and its
// tables need, because QEMU may lose track of free clusters when it is killed.
func newClusterSet(size int64) clusterSet {
	return make(clusterSet, (2*size+1<<30)/ClusterSize/64+1)
}

// add adds the cluster at offset at. Nothing may use a cluster twice.
func (s clusterSet) add(at int64) error {
	i := at / ClusterSize
	word, bit := i/64, uint64(1)<<(i%64)
	switch {
	case word >= int64(len(s)):
		return damagedError("it refers to byte %d", at)
	case s[word]&bit != 0:
		return damagedError("it uses its cluster at byte %d twice", at)
	}
	s[word] |= bit
	return nil
}
