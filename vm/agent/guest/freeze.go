//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"vmterminal/vm/agent/wire"
)

// A freezer holds the guest's file systems still for moments. Nothing here
// waits on a frozen disk: the folders are open before they freeze.
type freezer struct {
	mu   sync.Mutex
	held *hold
}

// A hold is one freeze, until it is thawed by request or by its timer.
type hold struct {
	timer *time.Timer
	dirs  []*os.File
}

var (
	errFrozen = &wire.Error{Code: wire.CodeState, Text: "the file systems are frozen"}
	errThawed = &wire.Error{Code: wire.CodeState, Text: "the file systems are not frozen (any more)"}
	errSlow   = &wire.Error{Code: wire.CodeState, Text: "it took longer than the others may stay frozen; all are thawed again"}
)

// freeze makes every real file system quiet and consistent on the disk. It
// thaws by itself after the limit, which runs from the start: a file system
// that cannot be frozen must not keep another frozen.
func (z *freezer) freeze(limitMillis int) error {
	if limitMillis <= 0 || limitMillis > wire.MaxFreezeMillis {
		limitMillis = wire.MaxFreezeMillis
	}
	mounts, err := realMounts()
	if err != nil {
		return err
	}
	// What was mounted last may lie in a file of what was mounted first.
	slices.Reverse(mounts)

	h := &hold{}
	z.mu.Lock()
	if z.held != nil {
		z.mu.Unlock()
		return errFrozen
	}
	z.held = h
	h.timer = time.AfterFunc(time.Duration(limitMillis)*time.Millisecond, func() { _ = z.end(h) })
	z.mu.Unlock()

	for _, m := range mounts {
		if err := z.freezeOne(h, m); err != nil {
			_ = z.end(h)
			return fmt.Errorf("freeze %s: %w", m, err)
		}
	}
	return nil
}

func (z *freezer) freezeOne(h *hold, mount string) error {
	dir, err := os.Open(mount)
	if err != nil {
		return err
	}
	if err := control(dir, ioctlFreeze, nil); err != nil {
		dir.Close()
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.held != h {
		err := errors.Join(errSlow, control(dir, ioctlThaw, nil))
		dir.Close()
		return err
	}
	h.dirs = append(h.dirs, dir)
	return nil
}

// thaw ends a freeze. It fails if there is none, so that the host knows when
// the limit had passed before.
func (z *freezer) thaw() error {
	z.mu.Lock()
	h := z.held
	z.mu.Unlock()
	if h == nil {
		return errThawed
	}
	return z.end(h)
}

func (z *freezer) end(h *hold) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.held != h {
		return errThawed
	}
	z.held = nil
	h.timer.Stop()
	var all error
	for _, dir := range slices.Backward(h.dirs) {
		if err := control(dir, ioctlThaw, nil); err != nil {
			all = errors.Join(all, fmt.Errorf("thaw %s: %w", dir.Name(), err))
		}
		dir.Close()
	}
	return all
}

func (z *freezer) frozen() bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.held != nil
}

// thawAll undoes what another agent may have left.
func thawAll() {
	mounts, err := realMounts()
	if err != nil {
		return
	}
	for _, m := range mounts {
		if dir, err := os.Open(m); err == nil {
			_ = control(dir, ioctlThaw, nil)
			dir.Close()
		}
	}
}

// trim gives unused blocks back to the host and returns how many bytes.
func (z *freezer) trim(ctx context.Context) (int64, error) {
	mounts, err := realMounts()
	if err != nil {
		return 0, err
	}
	var total int64
	for _, m := range mounts {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		if z.frozen() {
			return total, errFrozen
		}
		n, err := trimOne(m)
		if err != nil {
			return total, fmt.Errorf("trim %s: %w", m, err)
		}
		total += n
	}
	return total, nil
}
