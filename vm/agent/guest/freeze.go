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

// A freezer freezes and thaws the guest's file systems. It opens their mount points
// before freezing, because opening could block on a frozen file system.
type freezer struct {
	mu      sync.Mutex
	current *freezeState // nil while thawed
}

// A freezeState is one freeze, which ends on request or by its timer.
type freezeState struct {
	timer  *time.Timer
	dirs   []*os.File    // mount points of the frozen file systems
	thawed chan struct{} // closed after thawing
}

var (
	errFrozen = &wire.Error{Code: wire.CodeState, Text: "the file systems are frozen"}
	errThawed = &wire.Error{Code: wire.CodeState, Text: "the file systems are not frozen, or no longer"}
	errSlow   = &wire.Error{Code: wire.CodeState, Text: "freezing took too long; all file systems were thawed"}
)

// freeze freezes every real file system, which makes it consistent on the disk. The time
// limit, after which all are thawed, starts with the call: a file system that cannot be
// frozen must not keep others frozen.
func (z *freezer) freeze(limitMillis int) error {
	if limitMillis <= 0 || limitMillis > wire.MaxFreezeMillis {
		limitMillis = wire.MaxFreezeMillis
	}
	mounts, err := listDiskMounts()
	if err != nil {
		return err
	}
	// Later mounts may be images stored on earlier ones, so freeze them first.
	slices.Reverse(mounts)

	h := &freezeState{thawed: make(chan struct{})}
	z.mu.Lock()
	if z.current != nil {
		z.mu.Unlock()
		return errFrozen
	}
	z.current = h
	h.timer = time.AfterFunc(time.Duration(limitMillis)*time.Millisecond, func() { _ = z.release(h) })
	z.mu.Unlock()

	for _, m := range mounts {
		if err := z.freezeFileSystem(h, m); err != nil {
			_ = z.release(h)
			return fmt.Errorf("freeze %s: %w", m, err)
		}
	}
	return nil
}

func (z *freezer) freezeFileSystem(h *freezeState, mount string) error {
	dir, err := os.Open(mount)
	if err != nil {
		return err
	}
	if err := ioctl(dir, ioctlFreeze, nil); err != nil {
		dir.Close()
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.current != h {
		err := errors.Join(errSlow, ioctl(dir, ioctlThaw, nil))
		dir.Close()
		return err
	}
	h.dirs = append(h.dirs, dir)
	return nil
}

// thaw ends a freeze. It fails if nothing is frozen, so that the host learns that the limit
// was exceeded.
func (z *freezer) thaw() error {
	z.mu.Lock()
	h := z.current
	z.mu.Unlock()
	if h == nil {
		return errThawed
	}
	return z.release(h)
}

func (z *freezer) release(h *freezeState) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.current != h {
		return errThawed
	}
	z.current = nil
	close(h.thawed)
	h.timer.Stop()
	var all error
	for _, dir := range slices.Backward(h.dirs) {
		if err := ioctl(dir, ioctlThaw, nil); err != nil {
			all = errors.Join(all, fmt.Errorf("thaw %s: %w", dir.Name(), err))
		}
		dir.Close()
	}
	return all
}

// waitThawed waits until the file systems are thawed or ctx is canceled.
func (z *freezer) waitThawed(ctx context.Context) error {
	for {
		z.mu.Lock()
		h := z.current
		z.mu.Unlock()
		if h == nil {
			return nil
		}
		select {
		case <-h.thawed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// thawAll thaws file systems that an earlier agent may have left frozen.
func thawAll() {
	mounts, err := listDiskMounts()
	if err != nil {
		return
	}
	for _, m := range mounts {
		if dir, err := os.Open(m); err == nil {
			_ = ioctl(dir, ioctlThaw, nil)
			dir.Close()
		}
	}
}

// trim discards unused blocks and returns the number of discarded bytes.
func (z *freezer) trim(ctx context.Context) (int64, error) {
	mounts, err := listDiskMounts()
	if err != nil {
		return 0, err
	}
	var total int64
	for _, m := range mounts {
		if err := errors.Join(ctx.Err(), z.waitThawed(ctx)); err != nil {
			return total, err
		}
		n, err := trimFileSystem(m)
		if err != nil {
			return total, fmt.Errorf("trim %s: %w", m, err)
		}
		total += n
	}
	return total, nil
}
