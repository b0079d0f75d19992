//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// part is one entry of a table: its type, first sector and length.
type part struct {
	kind          byte
	start, length uint32
}

func tableOf(parts ...part) []byte {
	table := make([]byte, sectorSize)
	table[510], table[511] = 0x55, 0xaa
	for i, p := range parts {
		e := table[tableOffset+i*entrySize:]
		e[typeOffset] = p.kind
		binary.LittleEndian.PutUint32(e[startOffset:], p.start)
		binary.LittleEndian.PutUint32(e[lengthOffset:], p.length)
	}
	return table
}

func TestGrowEntry(t *testing.T) {
	const disk = 20 << 20 // sectors
	unsigned := tableOf(part{0x83, 2048, 1 << 20})
	unsigned[510] = 0
	for name, c := range map[string]struct {
		table   []byte
		number  int
		sectors uint64
		want    uint32 // 0 if unchanged
	}{
		"the only one":             {tableOf(part{0x83, 2048, 1 << 20}), 1, disk, disk - 2048},
		"the last, listed first":   {tableOf(part{0x83, 1 << 20, 1 << 20}, part{0x83, 2048, 4096}), 1, disk, disk - 1<<20},
		"another one after it":     {tableOf(part{0x83, 2048, 4096}, part{0x82, 1 << 20, 1 << 20}), 1, disk, 0},
		"full already":             {tableOf(part{0x83, 2048, disk - 2048}), 1, disk, 0},
		"too little growth":        {tableOf(part{0x83, 2048, disk - 2048 - 2047}), 1, disk, 0},
		"larger than its disk":     {tableOf(part{0x83, 2048, disk}), 1, disk, 0},
		"beyond its disk":          {tableOf(part{0x83, 2048, 1 << 20}), 1, 1000, 0},
		"beyond 2 TiB":             {tableOf(part{0x83, 2048, 1 << 20}), 1, 1 << 33, 1<<32 - 1},
		"protective MBR of a GPT":  {tableOf(part{0xee, 1, 1 << 20}), 1, disk, 0},
		"an extended one":          {tableOf(part{0x05, 2048, 1 << 20}), 1, disk, 0},
		"no such partition":        {tableOf(part{0x83, 2048, 1 << 20}), 2, disk, 0},
		"a logical one":            {tableOf(part{0x83, 2048, 1 << 20}), 5, disk, 0},
		"no table":                 {unsigned, 1, disk, 0},
		"numbers that do not wrap": {tableOf(part{0x83, 2048, 1 << 20}, part{0x83, 1<<32 - 1, 1<<32 - 1}), 1, disk, 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := bytes.Clone(c.table)
			_, length, ok := growEntry(c.table, c.number, c.sectors)
			if !ok {
				if c.want != 0 {
					t.Error("the partition was not grown")
				}
				if !bytes.Equal(before, c.table) {
					t.Error("the table was changed")
				}
				return
			}
			at := tableOffset + (c.number-1)*entrySize + lengthOffset
			if got := binary.LittleEndian.Uint32(c.table[at:]); got != c.want || length != uint64(c.want) {
				t.Errorf("got length %d in the table, returned %d, want %d", got, length, c.want)
			}
			binary.LittleEndian.PutUint32(before[at:], c.want)
			if !bytes.Equal(before, c.table) {
				t.Error("more than the length was changed")
			}
		})
	}
}
