package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

// bench is one run of all measurements.
type bench struct {
	ctx         context.Context
	dir         string
	slow        bool
	table       *table
	environment environment

	vm         snapshot.Paths
	executable string
}

// pathsIn returns the files of a disk and its snapshots in dir.
func pathsIn(dir string) snapshot.Paths {
	return snapshot.Paths{
		Disk: filepath.Join(dir, "disk.raw"), Undo: filepath.Join(dir, "disk.undo"),
		Rows: filepath.Join(dir, "snapshots.json"), RowsLock: filepath.Join(dir, "snapshots.lock"),
		Snapshots: filepath.Join(dir, "snapshots"),
		Firmware:  filepath.Join(dir, "efivars.fd"), FirmwareUndo: filepath.Join(dir, "efivars.undo"),
		FirmwareNextPrefix: filepath.Join(dir, "efivars.next-"),
	}
}

func (b *bench) runAll(bytes int64) (err error) {
	if b.executable, err = os.Executable(); err != nil {
		return err
	}
	b.vm = pathsIn(filepath.Join(b.dir, "vm"))
	if err := durable.MakeDir(b.vm.Snapshots); err != nil {
		return err
	}
	b.logf("making a disk of %d GB with %d MB of files", diskSize>>30, bytes>>20)
	if err := makeDisk(b.ctx, b.dir, b.vm.Disk, bytes); err != nil {
		return err
	}
	ranges, data, err := dataOf(b.vm.Disk)
	if err != nil {
		return err
	}
	b.environment = describeEnvironment(data)
	if err = b.measureOurs(ranges); err == nil {
		err = b.measureOthers()
	}
	b.environment.loadAfter = loadAverage()
	return err
}

func (b *bench) logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// dataOf returns the ranges of a disk's data and their total size. It reads all data, so that
// the first tool measured is not at a disadvantage.
func dataOf(path string) (ranges [][2]int64, bytes int64, err error) {
	disk, err := diskfile.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = disk.Close() }()
	buf := make([]byte, 1<<20)
	for off := int64(0); ; {
		start, end, err := disk.NextData(off)
		if err != nil || start >= disk.Size() {
			return ranges, bytes, err
		}
		ranges = append(ranges, [2]int64{start, end})
		bytes += end - start
		for at := start; at < end; at += int64(len(buf)) {
			if _, err := disk.ReadAt(buf[:min(int64(len(buf)), end-at)], at); err != nil {
				return nil, 0, err
			}
		}
		off = end
	}
}

// measureOurs measures VMTerminal's snapshots and restores.
func (b *bench) measureOurs(ranges [][2]int64) error {
	disk := b.vm.Disk
	if err := b.measureCreate(b.vm, "first", "first snapshot", ourFirst, createOptions{}); err != nil {
		return err
	}
	if err := b.measureRestores(); err != nil {
		return err
	}
	if _, err := changeDisk(disk, ranges, 50); err != nil {
		return err
	}
	if err := b.measureCreate(b.vm, "second", "second snapshot, 1 % changed", "", createOptions{}); err != nil {
		return err
	}
	if err := b.createWithBase(); err != nil {
		return err
	}
	if err := b.createWithChanges(ranges); err != nil {
		return err
	}
	changeAgain := func() error {
		_, err := changeDisk(disk, ranges, 50)
		return err
	}
	if err := b.measureRestore("first", "restore, 1 % changed", "", changeAgain); err != nil {
		return err
	}
	os.Remove(b.vm.Undo)
	if err := os.Truncate(disk, 10*diskSize); err != nil {
		return err
	}
	for _, name := range []string{"first", "second", "third"} {
		os.Remove(snapshot.File(b.vm.Snapshots, name))
	}
	if err := b.measureCreate(b.vm, "large", fmt.Sprintf("first snapshot of a disk of %d GB with the same data", 10*diskSize>>30), "", createOptions{}); err != nil {
		return err
	}
	os.Remove(snapshot.File(b.vm.Snapshots, "large"))
	return os.Truncate(disk, diskSize)
}

// createWithChanges creates a snapshot with a list of changes, as QEMU reports them for a
// running VM.
func (b *bench) createWithChanges(ranges [][2]int64) error {
	changed, err := changeDisk(b.vm.Disk, ranges, 20)
	if err != nil {
		return err
	}
	before, err := snapshot.Open(b.vm).Get(b.ctx, "second")
	if err != nil {
		return err
	}
	known := &snapshot.Changes{ID: before.ID, Digest: before.Digest, Ranges: changed}
	return b.measureCreate(b.vm, "third", "third snapshot, another 1 % changed, with QEMU's list of changes", "", createOptions{Changes: known})
}

// createWithBase creates the first snapshot in another store, as of a VM whose disk was created
// from an image. The base is the first snapshot of the disk, as it was before the changes.
func (b *bench) createWithBase() error {
	other := pathsIn(filepath.Join(b.dir, "other"))
	if err := durable.MakeDir(other.Snapshots); err != nil {
		return err
	}
	if err := os.Symlink(b.vm.Disk, other.Disk); err != nil {
		return err
	}
	err := b.measureCreate(other, "first", "first snapshot, 1 % changed since the image", "", createOptions{Base: snapshot.File(b.vm.Snapshots, "first")})
	return errors.Join(err, os.RemoveAll(filepath.Dir(other.Disk)))
}

func (b *bench) measureRestores() error {
	keep := filepath.Join(b.dir, "kept.raw")
	if err := os.Rename(b.vm.Disk, keep); err != nil {
		return err
	}
	empty := func() error { return os.Remove(b.vm.Disk) }
	if err := b.measureRestore("first", "restore without an old disk", ourRestore, empty); err != nil {
		return err
	}
	if err := compareDisks(b.ctx, keep, b.vm.Disk); err != nil {
		return err
	}
	emptyUnindexed := func() error {
		return errors.Join(empty(), os.Remove(snapshot.IndexFile(b.vm.Snapshots, "first")))
	}
	if err := emptyUnindexed(); err != nil {
		return err
	}
	if err := b.measureRestore("first", "restore without the chunk index", "", emptyUnindexed); err != nil {
		return err
	}
	return os.Rename(keep, b.vm.Disk)
}

func (b *bench) measureCreate(vm snapshot.Paths, name, what, key string, opt createOptions) error {
	b.logf("VMTerminal: %s", what)
	file := snapshot.File(vm.Snapshots, name)
	options, err := json.Marshal(opt)
	if err != nil {
		return err
	}
	f, err := bestOf(func() error { return os.Remove(file) }, func() (figures, error) {
		return measure(b.ctx, b.executable, workerCommand, "create", filepath.Dir(vm.Disk), name, string(options))
	})
	if err != nil {
		return err
	}
	f.bytes = fileSize(file)
	b.table.add(creating, "**VMTerminal**: "+what, key, f)
	return nil
}

func (b *bench) measureRestore(name, what, key string, again func() error) error {
	b.logf("VMTerminal: %s", what)
	f, err := bestOf(again, func() (figures, error) {
		return measure(b.ctx, b.executable, workerCommand, "restore", filepath.Dir(b.vm.Disk), name)
	})
	if err != nil {
		return err
	}
	f.bytes = allocated(b.vm.Disk)
	b.table.add(restoring, "**VMTerminal**: "+what, key, f)
	return nil
}
