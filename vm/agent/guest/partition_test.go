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
		e := table[tableAt+i*entrySize:]
		e[typeAt] = p.kind
		binary.LittleEndian.PutUint32(e[startAt:], p.start)
		binary.LittleEndian.PutUint32(e[lengthAt:], p.length)
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
		want    uint32 // 0: left alone
	}{
		"the only one":             {tableOf(part{0x83, 2048, 1 << 20}), 1, disk, disk - 2048},
		"the last, listed first":   {tableOf(part{0x83, 1 << 20, 1 << 20}, part{0x83, 2048, 4096}), 1, disk, disk - 1<<20},
		"one behind it":            {tableOf(part{0x83, 2048, 4096}, part{0x82, 1 << 20, 1 << 20}), 1, disk, 0},
		"full already":             {tableOf(part{0x83, 2048, disk - 2048}), 1, disk, 0},
		"hardly anything to gain":  {tableOf(part{0x83, 2048, disk - 2048 - 2047}), 1, disk, 0},
		"larger than its disk":     {tableOf(part{0x83, 2048, disk}), 1, disk, 0},
		"beyond its disk":          {tableOf(part{0x83, 2048, 1 << 20}), 1, 1000, 0},
		"more than a table tells":  {tableOf(part{0x83, 2048, 1 << 20}), 1, 1 << 33, 1<<32 - 1},
		"a GPT's stand-in":         {tableOf(part{0xee, 1, 1 << 20}), 1, disk, 0},
		"an extended one":          {tableOf(part{0x05, 2048, 1 << 20}), 1, disk, 0},
		"none of that number":      {tableOf(part{0x83, 2048, 1 << 20}), 2, disk, 0},
		"a logical one":            {tableOf(part{0x83, 2048, 1 << 20}), 5, disk, 0},
		"no table":                 {unsigned, 1, disk, 0},
		"numbers that do not wrap": {tableOf(part{0x83, 2048, 1 << 20}, part{0x83, 1<<32 - 1, 1<<32 - 1}), 1, disk, 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := bytes.Clone(c.table)
			_, length, ok := growEntry(c.table, c.number, c.sectors)
			if !ok {
				if c.want != 0 {
					t.Error("it was left alone")
				}
				if !bytes.Equal(before, c.table) {
					t.Error("the table was changed")
				}
				return
			}
			at := tableAt + (c.number-1)*entrySize + lengthAt
			if got := binary.LittleEndian.Uint32(c.table[at:]); got != c.want || length != uint64(c.want) {
				t.Errorf("the table says %d, the kernel is told %d, want %d", got, length, c.want)
			}
			binary.LittleEndian.PutUint32(before[at:], c.want)
			if !bytes.Equal(before, c.table) {
				t.Error("more than the length was changed")
			}
		})
	}
}
