package qemu

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vmterminal/vm/nbd"
	"vmterminal/vm/qmp"
)

// A dirty bitmap is QEMU's own note of which parts of the guest's disk were
// written to since the bitmap was added. It lives in QEMU's memory and ends with
// it. Ours are on diskNode, where every write arrives whatever lies above.
const (
	bitmapPrefix = "vmterminal-"
	// changesBitmap is a copy of Options.Since as it is at the moment.
	changesBitmap = bitmapPrefix + "changes"
	// bitmapGranularity is how many bytes of the disk one bit stands for.
	bitmapGranularity = 1 << 20
)

// BitmapName makes a name for Options.Track of a text that is used once.
func BitmapName(unique string) string { return bitmapPrefix + "since-" + unique }

// bitmap is what is asked of a bitmap in QEMU's answer.
type bitmap struct {
	Name         string `json:"name"`
	Recording    bool   `json:"recording"`
	Busy         bool   `json:"busy"`
	Inconsistent bool   `json:"inconsistent"`
	Granularity  int64  `json:"granularity"`
}

func (b bitmap) sound() bool {
	return b.Recording && !b.Busy && !b.Inconsistent && b.Granularity == bitmapGranularity
}

func bitmaps(ctx context.Context, c *qmp.Client) (map[string]bitmap, error) {
	all, err := nodes(ctx, c)
	if err != nil {
		return nil, err
	}
	byName := map[string]bitmap{}
	for _, b := range all[diskNode].Bitmaps {
		byName[b.Name] = b
	}
	return byName, nil
}

// track begins a bitmap before the moment: so it misses no write after it. That
// it cannot be is no error of the point in time.
func (p *PointInTime) track(ctx context.Context, name string) {
	if name == "" {
		return
	}
	remove := func(ctx context.Context) error {
		if p.kept {
			return nil
		}
		return RemoveBitmap(ctx, p.client, name)
	}
	err := p.do(ctx, remove, "block-dirty-bitmap-add", props{
		"node": diskNode, "name": name, "granularity": bitmapGranularity, "persistent": false,
	})
	p.Tracked = err == nil
}

// copyChanges copies the bitmap since after the moment: so it has every write
// before it. A bitmap that is not there any more, or not as it should be, means
// that the changes are not known.
func (p *PointInTime) copyChanges(ctx context.Context, since string) {
	if since == "" {
		return
	}
	there, err := bitmaps(ctx, p.client)
	if err != nil || !there[since].sound() {
		return
	}
	remove := func(ctx context.Context) error { return RemoveBitmap(ctx, p.client, changesBitmap) }
	err = p.do(ctx, remove, "block-dirty-bitmap-add", props{
		"node": diskNode, "name": changesBitmap, "granularity": bitmapGranularity, "persistent": false, "disabled": true,
	})
	if err != nil {
		return
	}
	err = p.client.Do(ctx, "block-dirty-bitmap-merge", props{
		"node": diskNode, "target": changesBitmap, "bitmaps": []string{since},
	}, nil)
	if err == nil {
		p.Changes = changesBitmap
	}
}

// Keep lets the bitmap Options.Track stay when the point in time ends.
func (p *PointInTime) Keep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = p.Tracked
}

// RemoveBitmap ends a bitmap; one that is not there is no error.
func RemoveBitmap(ctx context.Context, c *qmp.Client, name string) error {
	err := c.Do(ctx, "block-dirty-bitmap-remove", props{"node": diskNode, "name": name}, nil)
	if !refused(err) {
		return err
	}
	there, failed := bitmaps(ctx, c)
	if _, still := there[name]; failed == nil && !still {
		return nil
	}
	return err
}

// removeBitmaps ends all of ours.
func removeBitmaps(ctx context.Context, c *qmp.Client) error {
	there, err := bitmaps(ctx, c)
	errs := []error{err}
	for name := range there {
		if strings.HasPrefix(name, bitmapPrefix) {
			errs = append(errs, RemoveBitmap(ctx, c, name))
		}
	}
	return errors.Join(errs...)
}

// ReadChanges returns, in order, all parts of a point in time's disk that may
// have been written to since Options.Since was begun. bitmap is its Changes.
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
			return nil, fmt.Errorf("look for changes at byte %d: no answer", off)
		}
		changed = append(changed, dirty...)
		off = end
	}
	return changed, nil
}

// WriteCount is how many requests of the guest have changed its disk, or were
// to, since QEMU's start.
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
	return 0, fmt.Errorf("QEMU counts nothing for %s", device)
}
