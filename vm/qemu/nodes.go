package qemu

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"vmterminal/vm/qmp"
)

// Names inside QEMU of what a point in time is built of, lowest first.
const (
	fleeceNode = "fleece" // the blocks that were overwritten since
	filterNode = "cbw"    // copies a block to the fleece before the guest's write
	accessNode = "acc"    // the disk as it was
	exportID   = "exp"
	fleeceID   = "exp-fleece" // tells what was overwritten; see Image
)

// node is what is asked of QEMU's answer to query-named-block-nodes.
type node struct {
	Name  string `json:"node-name"`
	Image struct {
		Size     int64  `json:"virtual-size"`
		Filename string `json:"filename"`
	} `json:"image"`
	Bitmaps []bitmap `json:"dirty-bitmaps"`
}

func nodes(ctx context.Context, c *qmp.Client) (map[string]node, error) {
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

// quietDisk returns the disk's size when no point in time is on it.
func quietDisk(ctx context.Context, c *qmp.Client) (int64, error) {
	all, err := nodes(ctx, c)
	if err != nil {
		return 0, err
	}
	for _, name := range []string{fleeceNode, filterNode, accessNode} {
		if _, there := all[name]; there {
			return 0, ErrInProgress
		}
	}
	disk, there := all[diskNode]
	if !there || disk.Image.Size <= 0 {
		return 0, fmt.Errorf("QEMU has no disk called %s", diskNode)
	}
	return disk.Image.Size, nil
}

// setDrive puts a node under the guest's disk. Setting the node that is there
// already aborts QEMU (7.2), so it looks first.
func setDrive(ctx context.Context, c *qmp.Client, node string) error {
	drive := props{"path": "/machine/peripheral/" + diskDevice, "property": "drive"}
	var now string
	if err := c.Do(ctx, "qom-get", drive, &now); err != nil {
		return err
	}
	if now == node {
		return nil
	}
	drive["value"] = node
	return c.Do(ctx, "qom-set", drive, nil)
}

// delNode removes a node; one that is not there is no error.
func delNode(ctx context.Context, c *qmp.Client, name string) error {
	err := c.Do(ctx, "blockdev-del", props{"node-name": name}, nil)
	if !refused(err) {
		return err
	}
	if all, failed := nodes(ctx, c); failed == nil {
		if _, there := all[name]; !there {
			return nil
		}
	}
	return err
}

// delExport cuts the readers off and waits until the export has gone: until
// then the node below it cannot be removed.
func delExport(ctx context.Context, c *qmp.Client, id string) error {
	err := c.Do(ctx, "block-export-del", props{"id": id, "mode": "hard"}, nil)
	if err != nil && !refused(err) {
		return err
	}
	for {
		there, err := exported(ctx, c, id)
		if err != nil || !there {
			return err
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the export does not end: %w", ctx.Err())
		}
	}
}

func exported(ctx context.Context, c *qmp.Client, id string) (bool, error) {
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

// stopServer stops the NBD server; it is refused only when there is none.
func stopServer(ctx context.Context, c *qmp.Client) error {
	if err := c.Do(ctx, "nbd-server-stop", nil, nil); !refused(err) {
		return err
	}
	return nil
}

func refused(err error) bool {
	var refusal *qmp.Error
	return errors.As(err, &refusal)
}

// CleanPointInTime takes down what a point in time left in QEMU whose owner
// has gone, found by name, with its fleece, and all bitmaps of ours, kept ones
// too; nothing to do is no error. For a
// host process that attaches to a running QEMU.
func CleanPointInTime(ctx context.Context, c *qmp.Client) error {
	all, err := nodes(ctx, c)
	if err != nil {
		return err
	}
	errs := []error{
		delExport(ctx, c, exportID),
		delExport(ctx, c, fleeceID),
		stopServer(ctx, c),
		delNode(ctx, c, accessNode),
		setDrive(ctx, c, diskNode),
		delNode(ctx, c, filterNode),
		removeBitmaps(ctx, c),
	}
	gone := delNode(ctx, c, fleeceNode)
	errs = append(errs, gone)
	if fleece := all[fleeceNode].Image.Filename; filepath.IsAbs(fleece) && gone == nil {
		errs = append(errs, removeFile(fleece))
	}
	return errors.Join(errs...)
}
