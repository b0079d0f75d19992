package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
	"vmterminal/vm/seed"
	"vmterminal/vm/supervisor"
	"vmterminal/vm/supervisor/client"
)

// Start starts a VM and returns when its QEMU is running. The VM outlives this process. If the
// VM is already running, Start returns ErrRunning, or client.ErrPaused if it is paused.
func (s *Service) Start(ctx context.Context, name string, opt StartOptions) error {
	e, err := s.entry(name)
	if err == nil {
		name = e.Name
		err = s.startVM(ctx, e, opt)
		if errors.Is(err, ErrRunning) && s.isPaused(ctx, name) {
			err = client.ErrPaused
		}
	}
	return wrapFailure(err, problem.Operation{Code: problem.OpVMStart, VM: name}, problem.DiskUnchanged)
}

func (s *Service) isPaused(ctx context.Context, name string) bool {
	state, err := s.supervisorState(ctx, name)
	return err == nil && state.State == client.Paused
}

func (s *Service) startVM(ctx context.Context, e vm.Entry, opt StartOptions) error {
	if e.Broken != nil {
		return e.Broken
	}
	if all, _, err := s.vms.List(); err == nil {
		s.sweepTemporary(ctx, all)
	}
	if opt.Accel != "" {
		e.Accel = opt.Accel
		if err := e.Check(); err != nil {
			return err
		}
	}
	if err := s.recheckShares(e.Shares); err != nil {
		return err
	}
	requested, err := s.requestHandOver(ctx, e.Name)
	if err == nil {
		err = s.launchSupervisor(ctx, e, opt)
	}
	if err != nil && requested {
		_ = durable.ClearRequest(s.vms.Dir(e.Name).JobHandOver()) // otherwise the job waits for the VM
	}
	return err
}

func (s *Service) launchSupervisor(ctx context.Context, e vm.Entry, opt StartOptions) error {
	if err := s.checkDiskLockable(ctx, e.Name, durable.Activity{Code: string(problem.OpVMStart)}); err != nil {
		return err
	}
	if _, err := s.makeSocketDir(); err != nil {
		return err
	}
	args := []string{SupervisorCommand, "--vm", e.Name}
	if opt.Accel != "" {
		args = append(args, "--accel", opt.Accel)
	}
	return supervisor.Launch(ctx, s.opt.Program, args, s.supervisorEnv())
}

// supervisorEnv returns the variables added to a supervisor's environment.
func (s *Service) supervisorEnv() []string {
	return []string{EnvDebug + "=" + strconv.FormatBool(isDebugEnabled(s.opt.Log))}
}

// RunSupervisor is the main function of a supervisor: it runs the VM until the VM exits. If
// adopt is set, it takes over a QEMU process whose supervisor has died.
func (s *Service) RunSupervisor(ctx context.Context, name, accel string, adopt bool) error {
	report := supervisor.ReportPipe()
	e, err := s.vms.Get(name)
	if err == nil && !adopt {
		err = e.Broken
	}
	var spec supervisor.Spec
	if err == nil {
		spec, err = s.supervisorSpec(e.VM, accel)
		spec.Adopt = adopt
	}
	if err != nil {
		report(err)
		return err
	}
	err = supervisor.Run(ctx, spec, report, func(ctx context.Context, log io.Writer, debug *slog.Logger) {
		s.runAutomatic(ctx, e.Name, log, debug)
	})
	if e.Temporary {
		s.awaitDeleted(context.WithoutCancel(ctx), e)
	}
	return err
}

func (s *Service) supervisorSpec(v vm.VM, accel string) (supervisor.Spec, error) {
	if accel == "" {
		accel = v.Accel
	}
	sockets, err := s.makeSocketDir()
	if err != nil {
		return supervisor.Spec{}, err
	}
	spec := supervisor.Spec{
		Name: v.Name, ID: v.ID, Dir: s.vms.Dir(v.Name), RunDir: sockets,
		CPUs: v.CPUs, MemoryMB: v.MemoryMB, MAC: v.MAC, Isolated: v.Network.Isolated,
		Forwards: qemuForwards(v.Network.Forwards),
		Accel:    accel, AcceleratorsFile: s.opt.Home.Accelerators(),
		Debug: isDebugEnabled(s.opt.Log),
	}
	spec.OpenLazy = func() (*supervisor.LazyDisk, error) {
		return newLazyDisk(context.Background(), spec.Dir, !v.Temporary)
	}
	spec.Room = func(bytes int64) error { return snapshot.CheckRoom(string(spec.Dir), bytes) }
	for _, share := range v.Shares {
		spec.Shares = append(spec.Shares, supervisor.Share{
			Share: qemu.Share{Path: share.Path, ReadOnly: share.ReadOnly}, GuestDir: share.GuestDir(),
		})
	}
	if v.Seeded {
		if spec.Seed, err = s.writeSeed(v); err != nil {
			return supervisor.Spec{}, fmt.Errorf("write seed disk: %w", err)
		}
	}
	if v.Boot == vm.BootUEFI {
		variables, _ := fileSizes(spec.Dir.Firmware())
		spec.Firmware, err = qemu.FindFirmware(variables)
		return spec, err
	}
	if v.Boot == vm.BootDisk {
		return spec, nil
	}
	spec.Kernel, err = s.opt.Guest.Kernel(s.opt.Home.Cache())
	if err != nil {
		return supervisor.Spec{}, fmt.Errorf("the built-in guest's kernel: %w", err)
	}
	spec.Append = s.opt.Guest.CommandLine(vm.Hostname(v.Name), v.ID)
	return spec, nil
}

// writeSeed writes the seed disk that configures a guest created from an image, and returns its
// path.
func (s *Service) writeSeed(v vm.VM) (string, error) {
	program, err := s.opt.Guest.Agent()
	if err != nil {
		return "", err
	}
	dir := s.vms.Dir(v.Name)
	return dir.Seed(), seed.Write(dir, seed.Guest{ID: v.ID, Hostname: vm.Hostname(v.Name), Agent: program})
}

// Stop shuts a VM down and returns when it has stopped. The guest is first asked to shut down;
// after the grace period its power is cut. report, if not nil, receives each step. Stopping a
// stopped VM succeeds.
func (s *Service) Stop(ctx context.Context, name string, opt StopOptions, report func(StopStep)) error {
	e, err := s.entry(name)
	if err == nil {
		name = e.Name
		err = s.stopVM(ctx, e, opt, report)
	}
	if err == nil && e.Temporary {
		s.awaitDeleted(ctx, e)
	}
	return wrapFailure(err, problem.Operation{Code: problem.OpVMStop, VM: name})
}

func (s *Service) stopVM(ctx context.Context, e vm.Entry, opt StopOptions, report func(StopStep)) error {
	if report == nil {
		report = func(StopStep) {}
	}
	vmClient, err := s.connect(ctx, e.Name)
	if errors.Is(err, client.ErrNotAnswering) {
		report(StopStep{Code: StopAskingQEMU})
		return supervisor.StopOrphan(ctx, s.vms.Dir(e.Name), opt.Force, opt.Grace)
	}
	if errors.Is(err, ErrStopped) {
		report(StopStep{Code: StopAlreadyStopped})
		return nil
	}
	if err != nil {
		return err
	}
	defer vmClient.Close()
	err = vmClient.Stop(ctx, client.StopRequest{Force: opt.Force, Grace: opt.Grace}, func(step StopStep) { report(plainStep(step)) })
	switch {
	case errors.Is(err, context.Canceled):
		return job.Interrupted("stopped waiting; the VM continues to shut down")
	case errors.As(err, new(*client.Orphan)):
		report(StopStep{Code: StopNewSupervisor})
		return s.stopVM(ctx, e, opt, report) // ends with StopOrphan; see adoptions
	}
	return err
}

// Console is the guest's serial terminal: recent output followed by live output. Close
// detaches; the VM continues to run.
type Console interface {
	io.ReadWriteCloser
	// Resize sends the size of the displaying terminal to the guest.
	Resize(ctx context.Context, cols, rows int) error
}

// consoleReplaySize is the maximum amount of recent output that an attached console receives,
// in bytes. It suffices for the 10,000 lines that the terminal stores.
const consoleReplaySize = 4 << 20

// maxLogSize is the maximum length of a returned log, in bytes.
const maxLogSize = 1 << 20

type console struct {
	io.ReadWriteCloser
	vmClient *client.Client
}

func (c console) Resize(ctx context.Context, cols, rows int) error {
	return c.vmClient.Resize(ctx, cols, rows)
}

func (c console) Close() error {
	return errors.Join(c.ReadWriteCloser.Close(), c.vmClient.Close())
}

// Console attaches to the console of a running VM. Several consoles can be attached at once.
func (s *Service) Console(ctx context.Context, name string) (Console, error) {
	return s.attachConsole(ctx, name, consoleReplaySize)
}

// LiveConsole attaches to the console like Console, but omits recent output.
func (s *Service) LiveConsole(ctx context.Context, name string) (Console, error) {
	return s.attachConsole(ctx, name, 0)
}

func (s *Service) attachConsole(ctx context.Context, name string, replay int) (Console, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpConsoleOpen, VM: name})
	}
	vmClient, err := s.connect(ctx, e.Name)
	var stream io.ReadWriteCloser
	if err == nil {
		stream, err = vmClient.Console(ctx, client.ConsoleRequest{Replay: replay})
	}
	if err != nil {
		if vmClient != nil {
			vmClient.Close()
		}
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpConsoleOpen, VM: e.Name})
	}
	return console{stream, vmClient}, nil
}

// SupervisorLog returns the end of the log of a VM's supervisor and its QEMU.
func (s *Service) SupervisorLog(_ context.Context, name string) ([]byte, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpLogRead, VM: name})
	}
	text, err := client.ReadLog(s.vms.Dir(e.Name), maxLogSize)
	return text, wrapFailure(err, problem.Operation{Code: problem.OpLogRead, VM: e.Name})
}

// LastConsole returns the end of a VM's console output, even if the VM is stopped. The result
// is empty if the VM has never run.
func (s *Service) LastConsole(_ context.Context, name string) ([]byte, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpConsoleRead, VM: name})
	}
	return client.LastConsole(s.vms.Dir(e.Name), consoleReplaySize)
}
