package qemu

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/qmp"
)

// Names of the nodes and exports of a point in time, lowest first.
const (
	fleeceNode = "fleece" // old contents of overwritten blocks
	filterNode = "cbw"    // copies a block to the fleece before the guest overwrites it
	accessNode = "acc"    // the disk at the point in time
	exportID   = "exp"
	fleeceID   = "exp-fleece" // shows which blocks were overwritten; see Image
)

// node is the part of an answer to query-named-block-nodes that is used here.
type node struct {
	Name  string `json:"node-name"`
	Image struct {
		Size     int64  `json:"virtual-size"`
		Filename string `json:"filename"`
	} `json:"image"`
	Bitmaps []bitmap `json:"dirty-bitmaps"`
}

func queryNodes(ctx context.Context, c *qmp.Client) (map[string]node, error) {
	var list []node
	if err := c.Do(ctx, "query-named-block-nodes", props{"flat": true}, &list); err != nil {
		return nil, err
	}
	byName := make(map[string]node, len(list))
	for _, n := range list {
		byName[n.Name] = n
	}
	return byName, nil
}

// diskWithoutPointInTime returns the guest's disk and its size. The error wraps ErrInProgress
// if the disk has a point in time, or ErrSettling.
func diskWithoutPointInTime(ctx context.Context, c *qmp.Client) (name string, size int64, err error) {
	all, err := queryNodes(ctx, c)
	if err != nil {
		return "", 0, err
	}
	for _, name := range []string{fleeceNode, filterNode, accessNode} {
		if _, there := all[name]; there {
			return "", 0, ErrInProgress
		}
	}
	name, err = guestDisk(ctx, c, all)
	if err != nil {
		return "", 0, err
	}
	if _, there := all[diskNode]; there && name == overlayNode && guard.On(guard.Settling) {
		return "", 0, ErrSettling
	}
	disk := all[name]
	if disk.Image.Size <= 0 {
		return "", 0, fmt.Errorf("QEMU has no disk named %s", name)
	}
	return name, disk.Image.Size, nil
}

// guestDisk returns the node of the guest's disk below a point in time: diskNode or, if the
// disk is lazy, overlayNode.
func guestDisk(ctx context.Context, c *qmp.Client, all map[string]node) (string, error) {
	drive, err := queryDrive(ctx, c)
	if err != nil {
		return "", err
	}
	_, hasOverlay := all[overlayNode]
	_, hasDisk := all[diskNode]
	_, hasFilter := all[filterNode]
	switch {
	case drive == overlayNode:
		return overlayNode, nil
	case drive == diskNode || !hasOverlay:
		return diskNode, nil
	case hasFilter && hasDisk: // the overlay is no longer used, but was not removed
		return diskNode, nil
	}
	return overlayNode, nil // drive is a filter on it
}

func queryDrive(ctx context.Context, c *qmp.Client) (node string, err error) {
	err = c.Do(ctx, "qom-get", props{"path": "/machine/peripheral/" + diskDevice, "property": "drive"}, &node)
	return node, err
}

// setDrive connects the guest's disk to a node. QEMU 7.2 aborts if it is already connected to
// that node, so setDrive checks first.
func setDrive(ctx context.Context, c *qmp.Client, node string) error {
	if current, err := queryDrive(ctx, c); err != nil || current == node {
		return err
	}
	return c.Do(ctx, "qom-set", props{"path": "/machine/peripheral/" + diskDevice, "property": "drive", "value": node}, nil)
}

// removeNode removes a node. If it does not exist, removeNode returns nil.
func removeNode(ctx context.Context, c *qmp.Client, name string) error {
	err := c.Do(ctx, "blockdev-del", props{"node-name": name}, nil)
	if !isRefusal(err) {
		return err
	}
	if all, failed := queryNodes(ctx, c); failed == nil {
		if _, there := all[name]; !there {
			return nil
		}
	}
	return err
}

// removeExport disconnects the readers of an export and waits until it is gone: until then the
// node below it cannot be removed.
func removeExport(ctx context.Context, c *qmp.Client, id string) error {
	err := c.Do(ctx, "block-export-del", props{"id": id, "mode": "hard"}, nil)
	if err != nil && !isRefusal(err) {
		return err
	}
	for {
		there, err := isExported(ctx, c, id)
		if err != nil || !there {
			return err
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait for the export to end: %w", ctx.Err())
		}
	}
}

func isExported(ctx context.Context, c *qmp.Client, id string) (bool, error) {
	var exports []struct {
		ID string `json:"id"`
	}
	if err := c.Do(ctx, "query-block-exports", nil, &exports); err != nil {
		return false, err
	}
	for _, e := range exports {
		if e.ID == id {
			return true, nil
		}
	}
	return false, nil
}

// stopServer stops the NBD server. QEMU rejects the command only if there is no server.
func stopServer(ctx context.Context, c *qmp.Client) error {
	if err := c.Do(ctx, "nbd-server-stop", nil, nil); !isRefusal(err) {
		return err
	}
	return nil
}

func isRefusal(err error) bool {
	var refusal *qmp.Error
	return errors.As(err, &refusal)
}

// CleanPointInTime removes, by name, what a point in time left behind in QEMU when its owner
// exited: its nodes, exports and fleece, and all our bitmaps, including those that KeepBitmap
// preserved. A supervisor calls it after connecting to a QEMU that was already running.
func CleanPointInTime(ctx context.Context, c *qmp.Client) error {
	all, err := queryNodes(ctx, c)
	if err != nil {
		return err
	}
	disk, err := guestDisk(ctx, c, all)
	if err != nil {
		return err
	}
	errs := []error{
		removeExport(ctx, c, exportID),
		removeExport(ctx, c, fleeceID),
		stopServer(ctx, c),
		removeNode(ctx, c, accessNode),
		setDrive(ctx, c, disk),
		removeNode(ctx, c, filterNode),
		removeBitmaps(ctx, c),
	}
	fleeceErr := removeNode(ctx, c, fleeceNode)
	errs = append(errs, fleeceErr)
	if fleece := all[fleeceNode].Image.Filename; filepath.IsAbs(fleece) && fleeceErr == nil {
		errs = append(errs, removeFile(fleece))
	}
	return errors.Join(errs...)
}
