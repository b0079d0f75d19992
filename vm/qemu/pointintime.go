package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"vmterminal/app/ondisk/guard"
	"vmterminal/vm/qmp"
)

// How a point in time was taken.
const (
	Frozen          = "frozen"           // the guest's file systems were quiet
	CrashConsistent = "crash-consistent" // as after a power cut
)

var (
	// ErrInProgress says that the VM has a point in time already, or
	// left-overs of one (see CleanPointInTime).
	ErrInProgress = errors.New("a point in time is being read already")
	// ErrStillFrozen says that the guest was frozen and did not say that it
	// was thawed.
	ErrStillFrozen = errors.New("the guest's file systems may still be frozen")
	// ErrThawedBefore is for Options.Thaw to say that there was nothing left to
	// thaw.
	ErrThawedBefore = errors.New("the guest had thawed by itself before it was told to")
)

const (
	freezeLimit = 20 * time.Second // the guest writes out all it holds
	switchLimit = 5 * time.Second  // for QEMU to switch disks, while the guest is frozen
	thawLimit   = 10 * time.Second // for each of two tries
	endLimit    = 30 * time.Second
	exportName  = "snap"
)

// Options say how to take a point in time.
type Options struct {
	Fleece string // a file to create: it keeps what the guest overwrites meanwhile
	Socket string // the unix socket to serve on (Sockets.NBD)

	// Freeze and Thaw make the guest's file systems quiet and set them free
	// again; both nil when nobody in the guest can. Thaw is always called
	// after Freeze, whatever came of it. When it says ErrThawedBefore, nobody
	// knows whether that was before the moment: the point in time is
	// CrashConsistent.
	Freeze, Thaw func(context.Context) error

	// Track names a bitmap to begin (see BitmapName); it notes what the guest
	// changes from the moment on, and stays after Keep. Since is an earlier one's
	// Track that was kept. Either may be "".
	Track, Since string
}

// PointInTime is a running VM's disk as it was at one moment, served read-only
// over NBD until End, while the guest goes on. If the host's disk has no room
// for what the guest overwrites, the point in time breaks: every later read of
// it fails, and the guest goes on.
type PointInTime struct {
	Socket, Export string        // for OpenImage, and nothing else
	Size           int64         // bytes
	Taken          string        // Frozen or CrashConsistent
	NotFrozen      error         // why not Frozen although Freeze was given
	At             time.Time     // the moment
	Held           time.Duration // how long the guest's writes were held back

	// Tracked tells whether Options.Track was begun. Changes is for ReadChanges;
	// "" when what changed since Options.Since is not known.
	Tracked bool
	Changes string
	// Writes is WriteCount at the moment, -1 if that is not known: as long as it
	// stays, the guest has changed nothing. A write of the file system's own, as
	// it was thawed, is in it.
	Writes int64

	kept   bool
	client *qmp.Client
	fleece string
	mu     sync.Mutex
	undo   []step // the newest last
}

// step takes back one thing that BeginPointInTime did, or finds it not done.
type step func(context.Context) error

// BeginPointInTime takes the point in time of a machine made by Machine.Args.
// If freezing fails it is taken all the same, CrashConsistent, with the cause
// in NotFrozen. On an error nothing is left behind, as far as QEMU still obeys.
// One at a time for each VM (ErrInProgress). The caller must call End.
func BeginPointInTime(ctx context.Context, c *qmp.Client, opt Options) (*PointInTime, error) {
	if err := CheckSocketPath(opt.Socket); err != nil {
		return nil, err
	}
	size, err := quietDisk(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("point in time: %w", err)
	}
	p := &PointInTime{
		Socket: opt.Socket, Export: exportName, Size: size,
		client: c, fleece: opt.Fleece,
	}
	if err := p.begin(ctx, opt); err != nil {
		return nil, fmt.Errorf("point in time: %w", errors.Join(err, p.End(ctx)))
	}
	return p, nil
}

func (p *PointInTime) begin(ctx context.Context, opt Options) error {
	if err := p.keepBlocks(ctx); err != nil {
		return err
	}
	p.track(ctx, opt.Track)
	if err := p.hold(ctx, opt); err != nil {
		return err
	}
	p.copyChanges(ctx, opt.Since)
	return p.serve(ctx)
}

// do runs one command of which back is the way back. The way back is noted
// first: a command whose answer was not waited for may still be carried out.
func (p *PointInTime) do(ctx context.Context, back step, command string, args props) error {
	p.undo = append(p.undo, back)
	return p.client.Do(ctx, command, args, nil)
}

// keepBlocks prepares the place where blocks go that the guest overwrites.
func (p *PointInTime) keepBlocks(ctx context.Context) error {
	p.undo = append(p.undo, func(context.Context) error { return removeFile(p.fleece) })
	if err := createFleece(p.fleece, p.Size); err != nil {
		return err
	}
	err := p.do(ctx, p.without(fleeceNode), "blockdev-add", props{
		"driver": "qcow2", "node-name": fleeceNode,
		"file": props{"driver": "file", "filename": p.fleece},
	})
	if err != nil {
		return err
	}
	return p.do(ctx, p.without(filterNode), "blockdev-add", props{
		"driver": "copy-before-write", "node-name": filterNode, "discard": "unmap",
		"file": diskNode, "target": fleeceNode,
		"on-cbw-error": "break-snapshot", "cbw-timeout": 30,
	})
}

// hold puts the filter under the guest's disk, which is the moment, between
// freeze and thaw.
func (p *PointInTime) hold(ctx context.Context, opt Options) error {
	freezes := opt.Freeze != nil && opt.Thaw != nil
	start := time.Now()
	if freezes {
		p.NotFrozen = within(ctx, freezeLimit, opt.Freeze)
	}
	p.undo = append(p.undo, func(ctx context.Context) error { return setDrive(ctx, p.client, diskNode) })
	err := within(ctx, switchLimit, func(ctx context.Context) error {
		p.Writes = p.writes(ctx)
		return setDrive(ctx, p.client, filterNode)
	})
	p.At = time.Now()
	var thaw error
	if freezes && guard.On(guard.Thaw) {
		thaw = thawGuest(ctx, opt.Thaw)
	}
	p.Held = time.Since(start)
	if errors.Is(thaw, ErrThawedBefore) && p.NotFrozen == nil {
		p.NotFrozen = thaw
	}
	p.Taken = CrashConsistent
	if freezes && p.NotFrozen == nil {
		p.Taken = Frozen
		if p.writes(ctx) == p.Writes+1 {
			p.Writes++ // ext4 notes in its superblock that it is in use again
		}
		if thaw != nil {
			err = errors.Join(err, fmt.Errorf("%w: %w", ErrStillFrozen, thaw))
		}
	}
	return err
}

func (p *PointInTime) writes(ctx context.Context) int64 {
	n, err := WriteCount(ctx, p.client)
	if err != nil {
		return -1
	}
	return n
}

// thawGuest goes on when ctx has ended: a frozen guest is worse than a late
// answer.
func thawGuest(ctx context.Context, thaw func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	err := within(ctx, thawLimit, thaw)
	if err == nil || errors.Is(err, ErrThawedBefore) {
		return err
	}
	return within(ctx, thawLimit, thaw)
}

func within(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}

// serve exports the disk as it was at the moment.
func (p *PointInTime) serve(ctx context.Context) error {
	err := p.do(ctx, p.without(accessNode), "blockdev-add", props{
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
	err = p.do(ctx, stop, "nbd-server-start", props{
		"addr": props{"type": "unix", "data": props{"path": p.Socket}},
	})
	if err != nil {
		return err
	}
	if err := p.export(ctx, fleeceID, fleeceNode, fleeceExport(p.Export)); err != nil {
		return err
	}
	if p.Changes != "" {
		dirty := []props{{"node": diskNode, "name": p.Changes}}
		if p.export(ctx, exportID, accessNode, p.Export, dirty...) == nil {
			return nil
		}
		p.Changes = ""
	}
	return p.export(ctx, exportID, accessNode, p.Export)
}

func (p *PointInTime) export(ctx context.Context, id, node, name string, bitmaps ...props) error {
	unexport := func(ctx context.Context) error { return delExport(ctx, p.client, id) }
	args := props{"type": "nbd", "id": id, "node-name": node, "name": name, "writable": false}
	if len(bitmaps) > 0 {
		args["bitmaps"] = bitmaps
	}
	return p.do(ctx, unexport, "block-export-add", args)
}

func (p *PointInTime) without(node string) step {
	return func(ctx context.Context) error { return delNode(ctx, p.client, node) }
}

// End takes everything down, the last first, and removes the fleece. It goes
// on when ctx has ended, for half a minute at most, and past a step that
// fails; called again it tries those again. When the connection to QEMU has
// ended it removes the files and says so. Safe for several goroutines.
func (p *PointInTime) End(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.undo) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	select {
	case <-p.client.Done():
		p.undo = nil
		return errors.Join(p.client.Err(), removeFile(p.Socket), removeFile(p.fleece))
	default:
	}
	var failed []step
	var errs []error
	for i := len(p.undo) - 1; i >= 0; i-- {
		if err := p.undo[i](ctx); err != nil {
			failed = append([]step{p.undo[i]}, failed...)
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
