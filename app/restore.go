package app

import (
	"context"
	"errors"
	"fmt"

	"vmterminal/snapshot"
	"vmterminal/vm"
)

// RestoreSnapshot begins to bring a VM's disk back to a snapshot, as a job; its
// Result is a Restored. A running VM is refused at once with ErrRunning, unless
// the options say to stop it. The disk as it was is kept.
func (s *Service) RestoreSnapshot(ctx context.Context, vmName, name string, opt RestoreOptions) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "restore snapshot '%s' of %s", Plain(name), called(vmName))
	}
	doing := phrase("restore snapshot '%s' of VM '%s'", Plain(name), e.Name)
	store := snapshot.Open(s.vms.Dir(e.Name))
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, failed(err, unchanged, "%s", doing)
	}
	if !opt.Stop {
		if err := s.canHoldDisk(ctx, e.Name, "restoring snapshot '"+info.Name+"'"); err != nil {
			return nil, failed(err, unchanged, "%s", doing)
		}
	}
	if size, _ := sizes(s.vms.Dir(e.Name).Disk()); opt.Say != nil {
		if text := SizeChange(size, info.DiskSize); text != "" {
			opt.Say(text)
		}
	}
	return s.jobs.run(JobRestore, e.Name, info.Name, func(ctx context.Context, m Meter) (any, error) {
		return s.restore(ctx, e, store, info, opt, m)
	}), nil
}

// SizeChange says before a restore what becomes of the disk's size, in bytes, ""
// if it stays. now is 0 if there is no disk, and then 0 if that is not known.
func SizeChange(now, then int64) string {
	switch {
	case now == 0 || now == then:
		return ""
	case then == 0:
		return fmt.Sprintf("The disk is %s now. How large it will be shows only when the file is unpacked.", megabytes(now))
	}
	return fmt.Sprintf("The disk is %s now and will be %s, as the snapshot's.", megabytes(now), megabytes(then))
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/(1<<20)) }

func (s *Service) restore(ctx context.Context, e vm.Entry, store *snapshot.Store, info snapshot.Info, opt RestoreOptions, m Meter) (any, error) {
	change := diskChange{
		doing: phrase("restore snapshot '%s' of VM '%s'", info.Name, e.Name),
		now:   "The disk is that of the snapshot; the one before is kept.",
	}
	var result Restored
	err := s.changeDisk(ctx, e, opt, m, change, func() error {
		restored, err := s.swap(ctx, e, store, info, m)
		result = Restored{
			Snapshot: asSnapshot(s.vms.Dir(e.Name), info, true),
			Undo:     restored.Undo, OldSize: restored.OldSize, NewSize: restored.NewSize, CRCOnly: info.Foreign,
		}
		return err
	})
	return result, err
}

// diskChange says what is done to a disk, and what it is once that is done.
type diskChange struct {
	doing Phrase
	now   string
}

// changeDisk changes the disk of a VM, which it stops before and starts after
// if the options say so. A VM that it stopped and that is to run again does so
// also when the change fails or is cancelled.
func (s *Service) changeDisk(ctx context.Context, e vm.Entry, opt RestoreOptions, m Meter, c diskChange, change func() error) error {
	var err error
	if opt.Stop {
		err = s.stopFirst(ctx, e, opt, m)
	}
	if err == nil {
		err = change()
	}
	disk, also := unchanged, Phrase{}
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		disk = c.now
	}
	if opt.Start {
		if again := s.startAgain(ctx, e.Name, m); again != nil {
			also = phrase("The VM is off: %s.", again)
			if err == nil {
				c.doing, err = phrase("start VM '%s' again", e.Name), again
			}
		}
	}
	if err == nil {
		return nil
	}
	return &Failure{Doing: c.doing, Disk: disk, Also: also, Err: err}
}

// stopFirst stops a VM. A stop that has begun cannot be taken back: a cancel
// waits for its end.
func (s *Service) stopFirst(ctx context.Context, e vm.Entry, opt RestoreOptions, m Meter) error {
	say := opt.Say
	if say == nil {
		say = func(string) {}
	}
	m.Phase("Stopping", 0)
	err := s.stop(context.WithoutCancel(ctx), e, StopOptions{Force: opt.Force}, say)
	if err != nil && !errors.Is(err, ErrStopped) {
		return err
	}
	return ctx.Err()
}

// startAgain starts a VM that was stopped for its disk's sake, or does nothing
// if it runs. A cancel comes too late for it: the VM is not to stay off.
func (s *Service) startAgain(ctx context.Context, name string, m Meter) error {
	m.Phase("Starting", 0)
	// A missing disk made the VM broken; it may have one now.
	e, err := s.vms.Get(name)
	if err == nil {
		err = s.start(context.WithoutCancel(ctx), e, StartOptions{})
	}
	if errors.Is(err, ErrRunning) {
		return nil
	}
	return err
}

func (s *Service) swap(ctx context.Context, e vm.Entry, store *snapshot.Store, info snapshot.Info, m Meter) (snapshot.Restored, error) {
	hold, err := s.holdDisks(ctx, e.Name, "restoring snapshot '"+info.Name+"'")
	if err != nil {
		return snapshot.Restored{}, err
	}
	defer hold.release()
	dir := s.vms.Dir(e.Name)
	was := readOrigin(dir)
	restored, err := store.Restore(hold, info.Name, dir.Disk(), m)
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		now := origin{Disk: markOf(info), Undo: was.Disk, Restored: markOf(info)}
		if restored.Undo == "" {
			now = origin{Disk: markOf(info), Undo: was.Undo} // a missing disk left what was kept before
		}
		now.write(dir)
	}
	return restored, err
}
