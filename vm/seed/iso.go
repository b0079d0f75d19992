package seed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

// A file is one file in the root folder, which is the only folder.
type file struct {
	name    string
	content []byte
}

const (
	sectorSize = 2048
	// The layout, in sectors. The three descriptors start at 16.
	pathTablesAt = 19 // two per tree, little and big endian
	rootsAt      = 23 // one per tree
	filesAt      = 25
)

// errTooMany means that the root folder does not fit into its sector.
var errTooMany = errors.New("too many files for an image")

// writeISO writes an ISO 9660 image with a volume label, and with a second tree for Joliet,
// which has the unmodified names (ECMA-119 and its extension by Microsoft). It contains no
// times, so that equal files result in equal images.
func writeISO(w io.Writer, label string, files []file) error {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	total := filesAt
	for _, f := range files {
		total += countSectors(f)
	}
	var image []byte
	image = append(image, make([]byte, 16*sectorSize)...)
	for _, t := range []tree{plainTree, jolietTree} {
		image = append(image, t.descriptor(label, total)...)
	}
	image = append(image, padToSector([]byte("\xffCD001\x01"))...)
	for _, t := range []tree{plainTree, jolietTree} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			image = append(image, padToSector(t.pathTable(order))...)
		}
	}
	for _, t := range []tree{plainTree, jolietTree} {
		folder, err := t.folder(files)
		if err != nil {
			return err
		}
		image = append(image, folder...)
	}
	for _, f := range files {
		image = append(image, padToSector(f.content)...)
	}
	_, err := w.Write(image)
	return err
}

// countSectors returns the number of sectors of a file.
func countSectors(f file) int { return (len(f.content) + sectorSize - 1) / sectorSize }

// padToSector returns b padded to whole sectors.
func padToSector(b []byte) []byte {
	out := make([]byte, (len(b)+sectorSize-1)/sectorSize*sectorSize)
	copy(out, b)
	return out
}

// tree is one of the two views of the same files.
type tree struct {
	kind     byte   // type of the volume descriptor
	escapes  string // character set of the names
	index    uint32 // position among the trees
	encode   func(string) []byte
	fileName func(n int, name string) []byte
}

var (
	plainTree = tree{
		kind: 1, encode: func(s string) []byte { return []byte(strings.ToUpper(s)) },
		// The standard requires these names, in sorted order. cloud-init does not use them.
		fileName: func(n int, _ string) []byte { return fmt.Appendf(nil, "FILE%04d.;1", n) },
	}
	jolietTree = tree{
		kind: 2, escapes: "%/E", index: 1, encode: ucs2,
		fileName: func(_ int, name string) []byte { return ucs2(name + ";1") },
	}
)

func ucs2(s string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.BigEndian.AppendUint16(out, unit)
	}
	return out
}

// descriptor returns the tree's volume descriptor.
func (t tree) descriptor(label string, total int) []byte {
	d := make([]byte, sectorSize)
	d[0] = t.kind
	copy(d[1:], "CD001\x01")
	text := func(from, to int, s string) {
		blank := t.encode(strings.Repeat(" ", to-from))
		copy(d[from:to], blank[:to-from])
		copy(d[from:to], t.encode(s))
	}
	text(8, 40, "")
	text(40, 72, label)
	copy(d[80:], both32(uint32(total)))
	copy(d[88:], t.escapes)
	copy(d[120:], both16(1)) // volumes
	copy(d[124:], both16(1)) // number of this volume
	copy(d[128:], both16(sectorSize))
	copy(d[132:], both32(pathTableSize))
	binary.LittleEndian.PutUint32(d[140:], pathTablesAt+2*t.index)
	binary.BigEndian.PutUint32(d[148:], pathTablesAt+2*t.index+1)
	copy(d[156:], t.record([]byte{0}, rootsAt+t.index, sectorSize, true))
	text(190, 813, "") // publisher and other names
	for _, at := range []int{813, 830, 847, 864} {
		copy(d[at:at+16], "0000000000000000") // no time
	}
	d[881] = 1
	return d
}

const pathTableSize = 10

func (t tree) pathTable(order binary.AppendByteOrder) []byte {
	p := []byte{1, 0}
	p = order.AppendUint32(p, rootsAt+t.index)
	p = order.AppendUint16(p, 1)
	return append(p, 0, 0)
}

// folder returns the records of the tree's root folder.
func (t tree) folder(files []file) ([]byte, error) {
	own := rootsAt + t.index
	out := append(t.record([]byte{0}, own, sectorSize, true), t.record([]byte{1}, own, sectorSize, true)...)
	at := uint32(filesAt)
	for n, f := range files {
		out = append(out, t.record(t.fileName(n, f.name), at, uint32(len(f.content)), false)...)
		at += uint32(countSectors(f))
	}
	if len(out) > sectorSize {
		return nil, errTooMany
	}
	return padToSector(out), nil
}

// record returns the directory record of a file or folder.
func (t tree) record(name []byte, at, size uint32, folder bool) []byte {
	length := 33 + len(name)
	length += length % 2
	r := make([]byte, length)
	r[0] = byte(length)
	copy(r[2:], both32(at))
	copy(r[10:], both32(size))
	if folder {
		r[25] = 2
	}
	copy(r[28:], both16(1))
	r[32] = byte(len(name))
	copy(r[33:], name)
	return r
}

// both32 returns a number in both byte orders.
func both32(n uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, n), n)
}

func both16(n uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, n), n)
}
