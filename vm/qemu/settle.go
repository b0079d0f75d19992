package qemu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/qmp"
)

// settleJob is the job that copies the guest's writes from the overlay to the disk.
const settleJob = "settle"

const (
	settlePollInterval = 100 * time.Millisecond
	switchPollInterval = 2 * time.Millisecond
	settleTimeout      = 30 * time.Second // for single commands, and to clean up
)

// ErrSettleFailed means that the guest's writes could not be copied to its disk. The disk is
// still lazy.
var ErrSettleFailed = errors.New("the guest's writes could not be copied to its disk")

// ErrSettling means that a point in time cannot be taken because a Settling is in progress.
var ErrSettling = errors.New("the guest's writes are being copied to its disk")

// A Settling makes the file of a lazy disk the guest's disk. While it is in progress, the
// guest's writes go to both, and a point in time must not be taken: its copy-before-write
// filter would keep writes from the file.
type Settling struct {
	client  *qmp.Client
	changes string
}

// BeginSettling starts to copy what the guest has written from the overlay to the disk, a file
// at an absolute path that has the contents of the source, durably. size is the size of the disk
// in bytes. changes is the name of a bitmap (see BitmapName) that is added to the disk and
// records everything that differs from the source. The caller must end the Settling with Switch
// or Cancel.
func BeginSettling(ctx context.Context, c *qmp.Client, disk string, size int64, changes string) (*Settling, error) {
	s := &Settling{client: c, changes: changes}
	if err := s.begin(ctx, disk, size); err != nil {
		return nil, errors.Join(err, s.Cancel())
	}
	return s, nil
}

func (s *Settling) begin(ctx context.Context, disk string, size int64) error {
	all, err := queryNodes(ctx, s.client)
	if err != nil {
		return err
	}
	if _, there := all[filterNode]; there {
		return ErrInProgress
	}
	raw := diskProps()
	raw["size"] = size // without the trailer
	steps := []struct {
		command string
		args    props
	}{
		{"blockdev-add", fileProps(fileNode, disk)},
		{"blockdev-add", raw},
		{"block-dirty-bitmap-add", bitmapArgs(diskNode, s.changes)},
		{"blockdev-mirror", props{
			"job-id": settleJob, "device": overlayNode, "target": diskNode, "sync": "top",
			"copy-mode": "write-blocking", "auto-dismiss": false,
		}},
	}
	for _, step := range steps {
		if err := s.client.Do(ctx, step.command, step.args, nil); err != nil {
			return err
		}
	}
	return nil
}

// job is the part of an answer to query-jobs that is used here.
type job struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

// waitForStatus waits until the job has the status, or has ended with an error.
func (s *Settling) waitForStatus(ctx context.Context, status string, interval time.Duration) error {
	for {
		j, err := querySettleJob(ctx, s.client)
		switch {
		case err != nil:
			return err
		case j == nil:
			return fmt.Errorf("%w: QEMU has ended the job", ErrSettleFailed)
		case j.Error != "":
			return fmt.Errorf("%w: %s", ErrSettleFailed, j.Error)
		case j.Status == status:
			return nil
		case j.Status == "concluded":
			return fmt.Errorf("%w: the job was canceled", ErrSettleFailed)
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// querySettleJob returns the settling job, or nil without one.
func querySettleJob(ctx context.Context, c *qmp.Client) (*job, error) {
	var jobs []job
	if err := c.Do(ctx, "query-jobs", nil, &jobs); err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if j.ID == settleJob {
			return &j, nil
		}
	}
	return nil, nil
}

// WaitReady waits until everything has been copied. From then on the guest's writes go to
// both the overlay and the disk.
func (s *Settling) WaitReady(ctx context.Context) error {
	return s.waitForStatus(ctx, "ready", settlePollInterval)
}

// Switch makes the disk the guest's disk. For that it pauses the guest, if it is running, calls
// complete, which makes the file durable and an ordinary disk, and resumes the guest. since is the
// name of a bitmap on the overlay, or "": after Switch, a bitmap on the disk with the name since
// records the changes instead of the one given to BeginSettling. pause is how long the guest was
// paused.
//
// switched reports whether complete succeeded or failed with durable.ErrNotDurable: then there is
// no way back, even if an error remains, because the guest was not resumed or nodes were not
// removed. Otherwise the overlay remains the guest's disk, and the caller must call Cancel.
//
// Nothing else may resume the guest in the meantime.
func (s *Settling) Switch(ctx context.Context, since string, complete func() error) (switched bool, pause time.Duration, err error) {
	prepare, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	start := time.Now()
	if err := s.prepareSwitch(prepare, since); err != nil {
		return false, 0, err
	}
	if err := complete(); err != nil && !errors.Is(err, durable.ErrNotDurable) {
		return false, 0, err
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout) // complete may take long
	defer cancel()
	err = resumeAfterSwitch(finish, s.client)
	pause = time.Since(start)
	return true, pause, errors.Join(err, removeLazyNodes(finish, s.client))
}

// prepareSwitch pauses the guest and connects it to the disk.
func (s *Settling) prepareSwitch(ctx context.Context, since string) error {
	err := pauseForSwitch(ctx, s.client)
	if err == nil {
		err = s.client.Do(ctx, "block-job-complete", props{"device": settleJob}, nil)
	}
	if err == nil {
		err = s.waitForStatus(ctx, "concluded", switchPollInterval)
	}
	if err == nil {
		err = s.moveBitmap(ctx, since)
	}
	return err
}

// switchFlag is an object that exists in QEMU while Switch has paused the guest. Thus whatever
// finishes or reverts the Switch, perhaps another supervisor, can distinguish this pause from one
// that the user requested. The object has no other effect.
const switchFlag = "vmterminal-switch"

// pauseForSwitch pauses the guest if it is running.
func pauseForSwitch(ctx context.Context, c *qmp.Client) error {
	var status struct {
		Running bool `json:"running"`
	}
	if err := c.Do(ctx, "query-status", nil, &status); err != nil || !status.Running {
		return err
	}
	if err := c.Do(ctx, "object-add", props{"qom-type": "throttle-group", "id": switchFlag}, nil); err != nil {
		return err
	}
	return c.Do(ctx, "stop", nil, nil)
}

// resumeAfterSwitch resumes the guest if pauseForSwitch has paused it.
func resumeAfterSwitch(ctx context.Context, c *qmp.Client) error {
	var objects []struct {
		Name string `json:"name"`
	}
	if err := c.Do(ctx, "qom-list", props{"path": "/objects"}, &objects); err != nil {
		return err
	}
	for _, o := range objects {
		if o.Name != switchFlag {
			continue
		}
		if err := c.Do(ctx, "cont", nil, nil); err != nil {
			return err
		}
		return c.Do(ctx, "object-del", props{"id": switchFlag}, nil)
	}
	return nil
}

// moveBitmap replaces the bitmap of changes by a copy of the bitmap since, which is on the
// overlay, if there is one. The guest must be paused.
func (s *Settling) moveBitmap(ctx context.Context, since string) error {
	if since == "" {
		return nil
	}
	err := s.client.Do(ctx, "block-dirty-bitmap-add", bitmapArgs(diskNode, since), nil)
	if err == nil {
		err = s.client.Do(ctx, "block-dirty-bitmap-merge", props{
			"node": diskNode, "target": since, "bitmaps": []props{{"node": overlayNode, "name": since}},
		}, nil)
	}
	if err != nil {
		return err
	}
	return s.client.Do(ctx, "block-dirty-bitmap-remove", props{"node": diskNode, "name": s.changes}, nil)
}

// Cancel ends the job, removes the disk's nodes, and resumes the guest if Switch has paused it.
// The overlay remains the guest's disk. If Cancel fails, the guest may still be connected to the
// lazy disk, so it must not be resumed before another Cancel succeeds.
func (s *Settling) Cancel() error {
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	_, err := CancelSettling(ctx, s.client)
	return err
}

// CancelSettling is like Cancel, for a Settling of a supervisor that has exited. The disk must
// still be lazy. isLazy reports whether QEMU runs with a lazy disk.
func CancelSettling(ctx context.Context, c *qmp.Client) (isLazy bool, err error) {
	if err := endSettleJob(ctx, c); err != nil {
		return false, err
	}
	all, err := queryNodes(ctx, c)
	if err != nil {
		return false, err
	}
	if _, isLazy = all[overlayNode]; !isLazy {
		return false, nil
	}
	if drive, err := queryDrive(ctx, c); err != nil {
		return true, err
	} else if drive == diskNode {
		if err := setDrive(ctx, c, overlayNode); err != nil {
			return true, err
		}
	}
	return true, errors.Join(resumeAfterSwitch(ctx, c), removeNode(ctx, c, diskNode), removeNode(ctx, c, fileNode))
}

func endSettleJob(ctx context.Context, c *qmp.Client) error {
	for canceled := false; ; {
		j, err := querySettleJob(ctx, c)
		if err != nil || j == nil {
			return err
		}
		switch {
		case j.Status == "concluded":
			return c.Do(ctx, "job-dismiss", props{"id": settleJob}, nil)
		case !canceled:
			if err := c.Do(ctx, "block-job-cancel", props{"device": settleJob, "force": true}, nil); err != nil && !isRefusal(err) {
				return err
			}
			canceled = true
		}
		select {
		case <-time.After(switchPollInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// removeLazyNodes removes the nodes of a lazy disk that is no longer the guest's disk.
func removeLazyNodes(ctx context.Context, c *qmp.Client) error {
	errs := []error{endSettleJob(ctx, c)}
	for _, name := range []string{overlayNode, overlayFileNode, sourceNode, sourceFileNode} {
		errs = append(errs, removeNode(ctx, c, name))
	}
	return errors.Join(errs...)
}

// FinishSettling is for a QEMU whose supervisor exited during Switch, after the disk had become
// an ordinary one: it resumes the guest and removes the nodes of the lazy disk. It reports whether
// the guest is still connected to an overlay, which it leaves alone.
func FinishSettling(ctx context.Context, c *qmp.Client) (isLazy bool, err error) {
	all, err := queryNodes(ctx, c)
	if err != nil {
		return false, err
	}
	if _, hasOverlay := all[overlayNode]; !hasOverlay {
		return false, resumeAfterSwitch(ctx, c)
	}
	disk, err := guestDisk(ctx, c, all)
	if err != nil || disk == overlayNode {
		return err == nil, err
	}
	return false, errors.Join(resumeAfterSwitch(ctx, c), removeLazyNodes(ctx, c))
}
