package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/qcow2"
	"vmterminal/vm/qmp"
)

// Values of [PointInTime.Taken].
const (
	Frozen          = "frozen"           // the guest's file systems were frozen
	CrashConsistent = "crash-consistent" // as after a power cut
)

var (
	// ErrInProgress means that the VM already has a point in time, or leftovers of one
	// (see CleanPointInTime).
	ErrInProgress = errors.New("another point in time is in progress")
	// ErrStillFrozen is the value of PointInTime.NotFrozen if the guest was frozen and did
	// not confirm the thaw in time.
	ErrStillFrozen = errors.New("the guest's file systems may still be frozen")
	// ErrThawedBefore is returned by Options.Thaw if the guest was no longer frozen.
	ErrThawedBefore = errors.New("the guest thawed its file systems before it was asked to")
)

const (
	freezeTimeout = 20 * time.Second // the guest writes all its dirty data
	switchTimeout = 5 * time.Second  // QEMU switches disks while the guest is frozen
	thawTimeout   = 10 * time.Second // for each of two attempts
	endTimeout    = 30 * time.Second
	exportName    = "snap"
)

// Options holds the settings of BeginPointInTime.
type Options struct {
	Fleece string // a file to create for the old contents of blocks that the guest overwrites
	Socket string // unix socket of the NBD server (Sockets.NBD)

	// Freeze and Thaw freeze and thaw the guest's file systems; both are nil if the guest
	// cannot do that. Thaw is always called after Freeze, even if Freeze failed. If Thaw
	// returns ErrThawedBefore, the guest may have thawed before the point in time, which is
	// then CrashConsistent.
	Freeze, Thaw func(context.Context) error

	// Track is the name of a bitmap to add (see BitmapName), which records what the guest
	// changes from the point in time on; KeepBitmap preserves it. Since is the Track of an
	// earlier point in time for which KeepBitmap was called. Either may be "".
	Track, Since string
}

// A PointInTime is a running VM's disk as it was at one moment, served read-only over NBD
// until End, while the guest keeps running. If the host's disk is full when the guest
// overwrites a block, the point in time fails: every later read returns an error, but the
// guest is not affected.
type PointInTime struct {
	Socket, Export string        // arguments for OpenImage
	Size           int64         // bytes
	Taken          string        // Frozen or CrashConsistent
	NotFrozen      error         // why Taken is not Frozen although Freeze was set
	At             time.Time     // when it was taken
	FrozenFor      time.Duration // how long the guest's writes were blocked

	// Tracked reports whether the bitmap Options.Track was added. Changes is the argument
	// for ReadChanges, or "" if the changes since Options.Since are unknown.
	Tracked bool
	Changes string
	// Writes is WriteCount at the point in time, or -1 if unknown. As long as the count stays
	// the same, the guest has changed nothing. It includes the write that the file system
	// makes when it is thawed.
	Writes int64

	keepBitmap bool
	client     *qmp.Client
	disk       string // the node of the guest's disk
	fleece     string
	mu         sync.Mutex
	undo       []undoStep // the newest last
}

// undoStep reverts one step of BeginPointInTime. It succeeds if there is nothing to revert.
type undoStep func(context.Context) error

// BeginPointInTime takes a point in time of a machine started with Machine.Args. If freezing
// or thawing fails, it is taken CrashConsistent, with the cause in NotFrozen. After an error
// nothing is left behind, provided that QEMU still accepts commands. A VM has at most one
// point in time (ErrInProgress). The caller must call End.
func BeginPointInTime(ctx context.Context, c *qmp.Client, opt Options) (*PointInTime, error) {
	if err := CheckSocketPath(opt.Socket); err != nil {
		return nil, err
	}
	disk, size, err := diskWithoutPointInTime(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("point in time: %w", err)
	}
	p := &PointInTime{
		Socket: opt.Socket, Export: exportName, Size: size,
		client: c, disk: disk, fleece: opt.Fleece,
	}
	if err := p.begin(ctx, opt); err != nil {
		return nil, fmt.Errorf("point in time: %w", errors.Join(err, p.End(ctx)))
	}
	return p, nil
}

func (p *PointInTime) begin(ctx context.Context, opt Options) error {
	if err := p.addFleece(ctx); err != nil {
		return err
	}
	p.addBitmap(ctx, opt.Track)
	if err := p.switchDisk(ctx, opt); err != nil {
		return err
	}
	p.copyChanges(ctx, opt.Since)
	return p.exportDisk(ctx)
}

// doReversible runs one command. undo reverts it and is recorded first: a command may still take effect
// after do has stopped waiting for the answer.
func (p *PointInTime) doReversible(ctx context.Context, undo undoStep, command string, args props) error {
	p.undo = append(p.undo, undo)
	return p.client.Do(ctx, command, args, nil)
}

// addFleece creates the fleece, an overlay for the old contents of blocks that the guest
// overwrites, and the filter that copies blocks into it.
func (p *PointInTime) addFleece(ctx context.Context) error {
	p.undo = append(p.undo, func(context.Context) error { return removeFile(p.fleece) })
	if err := removeFile(p.fleece); err != nil { // left behind by an interrupted point in time
		return err
	}
	if err := qcow2.Create(p.fleece, p.Size); err != nil {
		return err
	}
	err := p.doReversible(ctx, p.nodeRemover(fleeceNode), "blockdev-add", props{
		"driver": "qcow2", "node-name": fleeceNode,
		"file": props{"driver": "file", "filename": p.fleece},
	})
	if err != nil {
		return err
	}
	return p.doReversible(ctx, p.nodeRemover(filterNode), "blockdev-add", props{
		"driver": "copy-before-write", "node-name": filterNode, "discard": "unmap",
		"file": p.disk, "target": fleeceNode,
		"on-cbw-error": "break-snapshot", "cbw-timeout": 30,
	})
}

// switchDisk connects the guest's disk to the filter, between freeze and thaw. That switch is
// the point in time.
func (p *PointInTime) switchDisk(ctx context.Context, opt Options) error {
	canFreeze := opt.Freeze != nil && opt.Thaw != nil
	start := time.Now()
	if canFreeze {
		p.NotFrozen = withTimeout(ctx, freezeTimeout, opt.Freeze)
	}
	p.undo = append(p.undo, func(ctx context.Context) error { return setDrive(ctx, p.client, p.disk) })
	err := withTimeout(ctx, switchTimeout, func(ctx context.Context) error {
		p.Writes = p.writeCount(ctx)
		return setDrive(ctx, p.client, filterNode)
	})
	p.At = time.Now()
	var thaw error
	if canFreeze && guard.On(guard.Thaw) {
		thaw = thawGuest(ctx, opt.Thaw)
	}
	p.FrozenFor = time.Since(start)
	if thaw != nil && !errors.Is(thaw, ErrThawedBefore) {
		thaw = fmt.Errorf("%w: %w", ErrStillFrozen, thaw)
	}
	if p.NotFrozen == nil {
		// A guest that does not confirm the thaw may not have been frozen either.
		p.NotFrozen = thaw
	}
	p.Taken = CrashConsistent
	if canFreeze && p.NotFrozen == nil {
		p.Taken = Frozen
		if p.writeCount(ctx) == p.Writes+1 {
			p.Writes++ // ext4 updates its superblock when it is thawed
		}
	}
	return err
}

func (p *PointInTime) writeCount(ctx context.Context) int64 {
	n, err := WriteCount(ctx, p.client)
	if err != nil {
		return -1
	}
	return n
}

// thawGuest calls thaw, and again if that fails, even after ctx has ended: a frozen guest is
// worse than a late return.
func thawGuest(ctx context.Context, thaw func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	err := withTimeout(ctx, thawTimeout, thaw)
	if err == nil || errors.Is(err, ErrThawedBefore) {
		return err
	}
	return withTimeout(ctx, thawTimeout, thaw)
}

func withTimeout(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}

// exportDisk exports the disk as it was at the point in time.
func (p *PointInTime) exportDisk(ctx context.Context) error {
	err := p.doReversible(ctx, p.nodeRemover(accessNode), "blockdev-add", props{
		"driver": "snapshot-access", "node-name": accessNode, "file": filterNode,
	})
	if err != nil {
		return err
	}
	if err := removeFile(p.Socket); err != nil {
		return err
	}
	stop := func(ctx context.Context) error {
		return errors.Join(stopServer(ctx, p.client), removeFile(p.Socket))
	}
	err = p.doReversible(ctx, stop, "nbd-server-start", props{
		"addr": props{"type": "unix", "data": props{"path": p.Socket}},
	})
	if err != nil {
		return err
	}
	if err := p.addExport(ctx, fleeceID, fleeceNode, p.Export+fleeceSuffix); err != nil {
		return err
	}
	if p.Changes != "" {
		dirty := []props{{"node": p.disk, "name": p.Changes}}
		if p.addExport(ctx, exportID, accessNode, p.Export, dirty...) == nil {
			return nil
		}
		p.Changes = ""
	}
	return p.addExport(ctx, exportID, accessNode, p.Export)
}

func (p *PointInTime) addExport(ctx context.Context, id, node, name string, bitmaps ...props) error {
	unexport := func(ctx context.Context) error { return removeExport(ctx, p.client, id) }
	args := props{"type": "nbd", "id": id, "node-name": node, "name": name, "writable": false}
	if len(bitmaps) > 0 {
		args["bitmaps"] = bitmaps
	}
	return p.doReversible(ctx, unexport, "block-export-add", args)
}

func (p *PointInTime) nodeRemover(node string) undoStep {
	return func(ctx context.Context) error { return removeNode(ctx, p.client, node) }
}

// End reverts all steps in reverse order and removes the fleece. It continues after ctx has
// ended, for at most 30 seconds, and after a failed step; another call retries the failed
// steps. If the connection to QEMU has ended, End removes the files and returns the
// connection's error. It may be called concurrently.
func (p *PointInTime) End(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.undo) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	select {
	case <-p.client.Done():
		p.undo = nil
		return errors.Join(p.client.Err(), removeFile(p.Socket), removeFile(p.fleece))
	default:
	}
	var failed []undoStep
	var errs []error
	for i := len(p.undo) - 1; i >= 0; i-- {
		if err := p.undo[i](ctx); err != nil {
			failed = append([]undoStep{p.undo[i]}, failed...)
			errs = append(errs, err)
		}
	}
	p.undo = failed
	return errors.Join(errs...)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
