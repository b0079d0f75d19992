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
	ctx   context.Context
	dir   string
	slow  bool
	table *table
	about about

	vm   snapshot.Paths
	self string
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

func (b *bench) all(bytes int64) (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.vm = pathsIn(filepath.Join(b.dir, "vm"))
	if err := durable.MakeDir(b.vm.Snapshots); err != nil {
		return err
	}
	b.say("making a disk of %d GB with %d MB of files", diskSize>>30, bytes>>20)
	if err := makeDisk(b.ctx, b.dir, b.vm.Disk, bytes); err != nil {
		return err
	}
	ranges, data, err := dataOf(b.vm.Disk)
	if err != nil {
		return err
	}
	b.about = aboutMachine(data)
	if err = b.ours(ranges); err == nil {
		err = b.others()
	}
	b.about.then = load()
	return err
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

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

// ours measures VMTerminal's snapshots and restores.
func (b *bench) ours(ranges [][2]int64) error {
	disk := b.vm.Disk
	if err := b.create("first", "first snapshot", ourFirst); err != nil {
		return err
	}
	if err := b.restores(); err != nil {
		return err
	}
	if _, err := change(disk, ranges, 50); err != nil {
		return err
	}
	if err := b.create("second", "second snapshot, 1 % changed", ""); err != nil {
		return err
	}
	if err := b.createWithChanges(ranges); err != nil {
		return err
	}
	changeAgain := func() error {
		_, err := change(disk, ranges, 50)
		return err
	}
	if err := b.restore("first", "restore, 1 % changed", "", changeAgain); err != nil {
		return err
	}
	os.Remove(b.vm.Undo)
	if err := os.Truncate(disk, 10*diskSize); err != nil {
		return err
	}
	for _, name := range []string{"first", "second", "third"} {
		os.Remove(snapshot.File(b.vm.Snapshots, name))
	}
	if err := b.create("large", fmt.Sprintf("first snapshot of a disk of %d GB with the same data", 10*diskSize>>30), ""); err != nil {
		return err
	}
	os.Remove(snapshot.File(b.vm.Snapshots, "large"))
	return os.Truncate(disk, diskSize)
}

// createWithChanges creates a snapshot with a list of changes, as QEMU reports them for a
// running VM.
func (b *bench) createWithChanges(ranges [][2]int64) error {
	changed, err := change(b.vm.Disk, ranges, 20)
	if err != nil {
		return err
	}
	before, err := snapshot.Open(b.vm).Get(b.ctx, "second")
	if err != nil {
		return err
	}
	known, err := json.Marshal(snapshot.Changes{ID: before.ID, Digest: before.Digest, Ranges: changed})
	if err != nil {
		return err
	}
	return b.create("third", "third snapshot, another 1 % changed, with QEMU's list of changes", "", string(known))
}

func (b *bench) restores() error {
	keep := filepath.Join(b.dir, "kept.raw")
	if err := os.Rename(b.vm.Disk, keep); err != nil {
		return err
	}
	empty := func() error { return os.Remove(b.vm.Disk) }
	if err := b.restore("first", "restore without an old disk", ourRestore, empty); err != nil {
		return err
	}
	if err := same(b.ctx, keep, b.vm.Disk); err != nil {
		return err
	}
	emptyUnindexed := func() error {
		return errors.Join(empty(), os.Remove(snapshot.IndexFile(b.vm.Snapshots, "first")))
	}
	if err := emptyUnindexed(); err != nil {
		return err
	}
	if err := b.restore("first", "restore without the chunk index", "", emptyUnindexed); err != nil {
		return err
	}
	return os.Rename(keep, b.vm.Disk)
}

func (b *bench) create(name, what, key string, known ...string) error {
	b.say("VMTerminal: %s", what)
	file := snapshot.File(b.vm.Snapshots, name)
	f, err := better(func() error { return os.Remove(file) }, func() (figures, error) {
		return measure(b.ctx, b.self, append([]string{workerVerb, "create", filepath.Dir(b.vm.Disk), name}, known...)...)
	})
	if err != nil {
		return err
	}
	f.bytes = fileSize(file)
	b.table.add(creating, "**VMTerminal**: "+what, key, f)
	return nil
}

func (b *bench) restore(name, what, key string, again func() error) error {
	b.say("VMTerminal: %s", what)
	f, err := better(again, func() (figures, error) {
		return measure(b.ctx, b.self, workerVerb, "restore", filepath.Dir(b.vm.Disk), name)
	})
	if err != nil {
		return err
	}
	f.bytes = allocated(b.vm.Disk)
	b.table.add(restoring, "**VMTerminal**: "+what, key, f)
	return nil
}
