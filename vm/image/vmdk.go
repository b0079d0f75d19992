package image

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"vmterminal/snapshot/durable/diskformat"
	"vmterminal/snapshot/durable/guard"
)

// checkCompressedVMDK checks the tables of a VMDK with compressed grains and markers, as in
// an OVA: qemu-img map does not report where such grains are. It returns ErrDamaged if the
// tables refer to data beyond size, and accepts any other file.
func checkCompressedVMDK(ctx context.Context, r io.ReaderAt, size int64) error {
	const (
		flagsAt, capacityAt, grainAt, entriesAt, directoryAt = 8, 12, 20, 44, 56

		compressed, marked = 1 << 16, 1 << 17
		directoryAtEnd     = ^uint64(0)
		footerSize         = 2 * sector // including the end-of-stream marker
	)
	head := make([]byte, sector)
	if _, err := r.ReadAt(head, 0); err != nil {
		return damagedError("its header: %w", err)
	}
	number := func(at int) uint64 { return binary.LittleEndian.Uint64(head[at:]) }
	const wanted = compressed | marked
	if binary.LittleEndian.Uint32(head[flagsAt:])&wanted != wanted || !guard.On(guard.ImageEnd) {
		return nil
	}
	if number(directoryAt) == directoryAtEnd {
		if _, err := r.ReadAt(head, max(0, size-footerSize)); err != nil || diskformat.Recognize(head) != diskformat.VMDK {
			return damagedError("this VMware disk is cut off: it does not end with its footer")
		}
	}
	entries, directory := binary.LittleEndian.Uint32(head[entriesAt:]), number(directoryAt)
	const maxEntries = 512 // as in QEMU
	if number(grainAt) == 0 || number(grainAt) > maxDisk/sector || entries == 0 || entries > maxEntries || number(capacityAt) > maxDisk/sector {
		return damagedError("its header has impossible sizes")
	}
	tableGrains := number(grainAt) * uint64(entries)
	tables := (number(capacityAt) + tableGrains - 1) / tableGrains
	return visitEntries(ctx, r, size, directory, tables, func(table uint64) error {
		return visitEntries(ctx, r, size, table, uint64(entries), func(grain uint64) error {
			return checkGrain(r, size, grain)
		})
	})
}

// visitEntries calls visit for each entry of a table, except 0 and 1, which mean no data. at and
// the entries are sector numbers.
func visitEntries(ctx context.Context, r io.ReaderAt, size int64, at, entries uint64, visit func(uint64) error) error {
	const entrySize = 4
	if at > uint64(size)/sector || entries > uint64(size)/entrySize || at*sector+entries*entrySize > uint64(size) {
		return damagedError("it is cut off: the table at sector %d is beyond its end", at)
	}
	table := bufio.NewReader(io.NewSectionReader(r, int64(at*sector), int64(entries*entrySize)))
	var entry [entrySize]byte
	for range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.ReadFull(table, entry[:]); err != nil {
			return damagedError("its tables: %w", err)
		}
		if to := uint64(binary.LittleEndian.Uint32(entry[:])); to > 1 {
			if err := visit(to); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkGrain checks that a grain, whose length precedes its data, ends within the file.
func checkGrain(r io.ReaderAt, size int64, grain uint64) error {
	const lengthAt, dataAt = 8, 12
	at := int64(grain) * sector
	var head [dataAt]byte
	_, err := r.ReadAt(head[:], at)
	if err == nil && at+dataAt+int64(binary.LittleEndian.Uint32(head[lengthAt:])) <= size {
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return damagedError("it is cut off: it needs data at byte %d, but the file has %d bytes", at, size)
}
