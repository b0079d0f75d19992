package qemu

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vmterminal/vm/nbd"
	"vmterminal/vm/qmp"
)

// A dirty bitmap records which parts of the guest's disk were written to since the bitmap was
// added. QEMU stores it in memory only. Our bitmaps are on the node of the guest's disk, which
// receives every write, no matter which nodes are above it.
const (
	bitmapPrefix = "vmterminal-"
	// changesBitmap is a copy of the bitmap Options.Since as of the point in time.
	changesBitmap = bitmapPrefix + "changes"
	// bitmapGranularity is the number of bytes that one bit stands for.
	bitmapGranularity = 1 << 20
)

// BitmapName returns a name for Options.Track. unique must be different for each bitmap.
func BitmapName(unique string) string { return bitmapPrefix + "since-" + unique }

// bitmap is the part of QEMU's description of a bitmap that is used here.
type bitmap struct {
	Name         string `json:"name"`
	Recording    bool   `json:"recording"`
	Busy         bool   `json:"busy"`
	Inconsistent bool   `json:"inconsistent"`
	Granularity  int64  `json:"granularity"`
}

func (b bitmap) isUsable() bool {
	return b.Recording && !b.Busy && !b.Inconsistent && b.Granularity == bitmapGranularity
}

func queryBitmaps(ctx context.Context, c *qmp.Client, node string) (map[string]bitmap, error) {
	all, err := queryNodes(ctx, c)
	if err != nil {
		return nil, err
	}
	byName := map[string]bitmap{}
	for _, b := range all[node].Bitmaps {
		byName[b.Name] = b
	}
	return byName, nil
}

// bitmapArgs are the arguments of block-dirty-bitmap-add.
func bitmapArgs(node, name string) props {
	return props{"node": node, "name": name, "granularity": bitmapGranularity, "persistent": false}
}

// addBitmap adds a bitmap before the point in time, so that it misses no later write. If that
// fails, the point in time is taken without a bitmap.
func (p *PointInTime) addBitmap(ctx context.Context, name string) {
	if name == "" {
		return
	}
	remove := func(ctx context.Context) error {
		if p.keepBitmap {
			return nil
		}
		return RemoveBitmap(ctx, p.client, name)
	}
	err := p.doReversible(ctx, remove, "block-dirty-bitmap-add", bitmapArgs(p.disk, name))
	p.Tracked = err == nil
}

// copyChanges copies the bitmap named by since. It runs after the point in time, so that the
// copy includes every earlier write. If the bitmap is missing or unusable, the changes are
// unknown.
func (p *PointInTime) copyChanges(ctx context.Context, since string) {
	if since == "" {
		return
	}
	there, err := queryBitmaps(ctx, p.client, p.disk)
	if err != nil || !there[since].isUsable() {
		return
	}
	remove := func(ctx context.Context) error { return RemoveBitmap(ctx, p.client, changesBitmap) }
	args := bitmapArgs(p.disk, changesBitmap)
	args["disabled"] = true
	err = p.doReversible(ctx, remove, "block-dirty-bitmap-add", args)
	if err != nil {
		return
	}
	err = p.client.Do(ctx, "block-dirty-bitmap-merge", props{
		"node": p.disk, "target": changesBitmap, "bitmaps": []string{since},
	}, nil)
	if err == nil {
		p.Changes = changesBitmap
	}
}

// KeepBitmap makes the bitmap Options.Track outlive the point in time.
func (p *PointInTime) KeepBitmap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keepBitmap = p.Tracked
}

// AddBitmap adds a bitmap to the guest's disk.
func AddBitmap(ctx context.Context, c *qmp.Client, name string) error {
	disk, _, err := diskWithoutPointInTime(ctx, c)
	if err != nil {
		return err
	}
	return c.Do(ctx, "block-dirty-bitmap-add", bitmapArgs(disk, name), nil)
}

// RemoveBitmap removes a bitmap. If it does not exist, RemoveBitmap returns nil.
func RemoveBitmap(ctx context.Context, c *qmp.Client, name string) error {
	return removeBitmapsIf(ctx, c, func(existing string) bool { return existing == name })
}

// removeBitmaps removes all our bitmaps.
func removeBitmaps(ctx context.Context, c *qmp.Client) error {
	return removeBitmapsIf(ctx, c, func(name string) bool { return strings.HasPrefix(name, bitmapPrefix) })
}

func removeBitmapsIf(ctx context.Context, c *qmp.Client, condition func(name string) bool) error {
	all, err := queryNodes(ctx, c)
	errs := []error{err}
	for _, node := range []string{diskNode, overlayNode} {
		for _, b := range all[node].Bitmaps {
			if condition(b.Name) {
				errs = append(errs, c.Do(ctx, "block-dirty-bitmap-remove", props{"node": node, "name": b.Name}, nil))
			}
		}
	}
	return errors.Join(errs...)
}

// ReadChanges returns, in ascending order, all ranges of a point in time's disk that may have
// been written to since the bitmap Options.Since was added. bitmap is PointInTime.Changes.
func ReadChanges(ctx context.Context, socket, export, bitmap string) (changed []nbd.Range, err error) {
	e, err := nbd.DialDirty(ctx, socket, export, bitmap)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	for off := int64(0); off < e.Size(); {
		dirty, end, err := e.Data(off)
		if err != nil {
			return nil, err
		}
		if end <= off {
			return nil, fmt.Errorf("read changes at byte %d: no progress", off)
		}
		changed = append(changed, dirty...)
		off = end
	}
	return changed, nil
}

// WriteCount returns the number of write and trim requests by the guest to its disk since
// QEMU started, including failed ones.
func WriteCount(ctx context.Context, c *qmp.Client) (int64, error) {
	var all []struct {
		Device string `json:"qdev"`
		Stats  struct {
			Writes int64 `json:"wr_operations"`
			Trims  int64 `json:"unmap_operations"`
		} `json:"stats"`
	}
	if err := c.Do(ctx, "query-blockstats", nil, &all); err != nil {
		return 0, err
	}
	device := "/machine/peripheral/" + diskDevice
	for _, d := range all {
		if d.Device == device || strings.HasPrefix(d.Device, device+"/") {
			return d.Stats.Writes + d.Stats.Trims, nil
		}
	}
	return 0, fmt.Errorf("QEMU reports no statistics for %s", device)
}
