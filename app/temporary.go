package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

// BootOptions configures BootSnapshot.
type BootOptions struct {
	// Network allows the guest to reach networks.
	Network bool
}

// BootSnapshot starts a job that starts a snapshot as a temporary VM, which is named after the
// snapshot and has its own identity. The VM is deleted when it stops, unless KeepVM is called
// before.
func (s *Service) BootSnapshot(ctx context.Context, vmName, name string, opt BootOptions) (*job.Job[VM], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotBoot, VM: vmName, Snapshot: name})
	}
	op := problem.Operation{Code: problem.OpSnapshotBoot, VM: e.Name, Snapshot: name}
	info, err := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))).Get(ctx, name)
	if err != nil {
		return nil, wrapFailure(err, op, problem.NothingCreated)
	}
	return runJob(s, job.Clone, job.Subject{VM: e.Name, Name: info.Name}, func(ctx context.Context, m job.Meter) (VM, error) {
		temporary, err := s.bootTemporary(ctx, e, info, opt, m)
		if err != nil {
			return VM{}, wrapFailure(err, op, problem.NothingCreated)
		}
		return s.VM(ctx, temporary.Name)
	}), nil
}

// bootTemporary creates a temporary VM from a snapshot and starts it.
func (s *Service) bootTemporary(ctx context.Context, e vm.Entry, info snapshot.Info, opt BootOptions, m job.Meter) (vm.Entry, error) {
	created, lock, err := s.createTemporary(ctx, e, info, opt, m)
	if err != nil {
		return vm.Entry{}, err
	}
	m.Phase(job.StartVM, 0)
	err = s.startVM(ctx, created, StartOptions{})
	lock.Close()
	if err != nil {
		s.deleteTemporary(context.WithoutCancel(ctx), created)
	}
	return created, err
}

// createTemporary creates a temporary VM with a free name. The returned job lock prevents that
// the VM is deleted before it is started; the caller must close it.
func (s *Service) createTemporary(ctx context.Context, e vm.Entry, info snapshot.Info, opt BootOptions, m job.Meter) (vm.Entry, *durable.Lock, error) {
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	for n := 1; ; n++ {
		v := newVMLike(e.VM, NewVM{Name: temporaryName(info.Name, n)})
		v.Temporary, v.Network.Isolated = true, !opt.Network
		if info.DiskSize > 0 { // unknown for a foreign file that was never read
			v.DiskSizeMB = vm.DiskSizeMB(info.DiskSize)
		}
		var lock *durable.Lock
		err := s.vms.Create(v, func(dir home.VMDir) (err error) {
			// The lock stays with the file when Create renames the folder.
			if lock, err = durable.TryLock(dir.JobLock(), durable.Activity{Code: string(problem.OpVMStart)}); err != nil {
				return err
			}
			if err := store.ExtractFirmware(ctx, info.Name, dir.Firmware()); err != nil {
				return err
			}
			return extractDisk(ctx, store, info.Name, dir, true, m)
		})
		if err == nil {
			return vm.Entry{VM: v}, lock, nil
		}
		lock.Close()
		if !errors.Is(err, vm.ErrExists) && !errors.Is(err, vm.ErrDataExists) {
			return vm.Entry{}, nil, err
		}
	}
}

// temporaryName returns the nth name of a temporary VM for a snapshot.
func temporaryName(snapshotName string, n int) string {
	suffix := fmt.Sprintf("-try-%d", n)
	if limit := durable.MaxName - len(suffix); len(snapshotName) > limit {
		snapshotName = strings.ToValidUTF8(snapshotName[:limit], "")
	}
	return snapshotName + suffix
}

// KeepVM makes a temporary VM an ordinary one, which is not deleted when it stops. Its disk is
// filled in from its next start on. It returns ErrState if the VM is not temporary.
func (s *Service) KeepVM(ctx context.Context, name string) (VM, error) {
	e, err := s.entry(name)
	if err == nil {
		name = e.Name
		err = s.vms.Update(name, func(v *vm.VM) error {
			if !v.Temporary {
				return fmt.Errorf("%w: the VM is not temporary", ErrState)
			}
			v.Temporary = false
			return nil
		})
	}
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMKeep, VM: name}, problem.NothingChanged)
	}
	return s.VM(ctx, name)
}

// checkKept returns ErrTemporary if the VM is temporary.
func checkKept(e vm.Entry) error {
	if e.Temporary {
		return ErrTemporary
	}
	return nil
}

// sweepTemporary deletes temporary VMs that do not run, for example after a power failure, and
// reports whether there were any.
func (s *Service) sweepTemporary(ctx context.Context, entries []vm.Entry) (found bool) {
	for _, e := range entries {
		dir := s.vms.Dir(e.Name)
		if running, _ := durable.IsLocked(dir.Lock()); !e.Temporary || running {
			continue
		}
		if starting, _ := durable.IsLocked(dir.JobLock()); !starting {
			s.deleteTemporary(ctx, e)
			found = true
		}
	}
	return found
}

// deleteTemporary deletes a VM if it is still temporary and does not run. If that fails,
// sweepTemporary tries again later.
func (s *Service) deleteTemporary(ctx context.Context, e vm.Entry) {
	lock, err := s.lockStoppedVM(ctx, e.Name, durable.Activity{Code: string(problem.OpVMDelete)})
	if err != nil {
		return
	}
	release := sync.OnceFunc(lock.release)
	defer release()
	err = s.vms.DeleteTemporary(e.Name, e.ID, release)
	s.opt.Log.Debug("temporary VM deleted", "vm", e.Name, "error", err)
}

// awaitDeleted deletes a temporary VM that has stopped, or waits until its supervisor has.
func (s *Service) awaitDeleted(ctx context.Context, e vm.Entry) {
	s.WaitForJobs(func(durable.Holder) {}).deleteTemporary(ctx, e)
}

// BootFailure is an ErrNoBoot with the end of the console's output.
type BootFailure struct {
	Reason  string
	Console []string // lines, safe to display
}

func (e *BootFailure) Error() string { return ErrNoBoot.Error() + ": " + e.Reason }

// Unwrap returns ErrNoBoot.
func (e *BootFailure) Unwrap() error { return ErrNoBoot }

// verifyByBoot starts a job that starts a snapshot as a temporary VM and waits until its guest
// has started.
func (s *Service) verifyByBoot(e vm.Entry, info snapshot.Info, timeout time.Duration) *job.Job[Verified] {
	return runJob(s, job.Verify, job.Subject{VM: e.Name, Name: info.Name}, func(ctx context.Context, m job.Meter) (Verified, error) {
		if err := s.awaitBoot(ctx, e, info, timeout, m); err != nil {
			return Verified{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotVerify, VM: e.Name, Snapshot: info.Name})
		}
		snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))).RecordBoot(info)
		return Verified{VM: e.Name, Name: info.Name, Compared: ComparedBoot}, nil
	})
}

const bootPollInterval = 250 * time.Millisecond

func (s *Service) awaitBoot(ctx context.Context, e vm.Entry, info snapshot.Info, timeout time.Duration, m job.Meter) error {
	booted, err := s.bootTemporary(ctx, e, info, BootOptions{}, m)
	if err != nil {
		return err
	}
	defer func() {
		_ = s.Stop(context.WithoutCancel(ctx), booted.Name, StopOptions{Force: true}, nil) // it may have stopped by itself
	}()
	console, err := s.Console(ctx, booted.Name)
	if err != nil {
		return err
	}
	defer console.Close()
	output := &bootOutput{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(output, console)
	}()
	deadline, poll := time.After(timeout), time.NewTicker(bootPollInterval)
	defer poll.Stop()
	for {
		if st, err := s.supervisorState(ctx, booted.Name); err == nil {
			if st.Agent || output.matches(loginPrompt) {
				return nil
			}
			if output.matches(kernelPanic) {
				return &BootFailure{"its kernel panicked", output.end()}
			}
			if st.Fill != nil && st.Fill.Problem.Code == client.FillDamaged {
				return fmt.Errorf("%w: %s", snapshot.ErrDamaged, st.Fill.Problem.Detail)
			}
		}
		select {
		case <-poll.C:
		case <-ended:
			return &BootFailure{"the VM stopped", output.end()}
		case <-deadline:
			return &BootFailure{fmt.Sprintf("its agent did not answer within %v", timeout), output.end()}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bootOutput stores the end of the console's output. It is safe for concurrent use.
type bootOutput struct {
	mu   sync.Mutex
	text []byte
}

// The end of the output that a BootFailure has, and that is searched for a login prompt.
const (
	maxBootOutput = 16 << 10
	maxBootLines  = 20
)

var (
	loginPrompt = regexp.MustCompile(`(?m)^\S+ login: *$`)
	kernelPanic = regexp.MustCompile(`Kernel panic - not syncing`)
)

func (o *bootOutput) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	o.text = bytes.Clone(o.text[max(0, len(o.text)-maxBootOutput):])
	return len(b), nil
}

func (o *bootOutput) matches(pattern *regexp.Regexp) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return pattern.Match(o.text)
}

func (o *bootOutput) end() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(o.text)), "\n")
	lines = lines[max(0, len(lines)-maxBootLines):]
	for i, line := range lines {
		lines[i] = Plain(strings.TrimRight(line, "\r"))
	}
	return lines
}
