package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"vmterminal/vm"
	"vmterminal/vm/host"
	"vmterminal/vm/qemu"
	"vmterminal/vm/seed"
)

// Start starts a VM and returns when its QEMU runs. The VM outlives this
// process. A VM that runs already is ErrRunning.
func (s *Service) Start(ctx context.Context, name string, opt StartOptions) error {
	e, err := s.entry(name)
	if err == nil {
		name = e.Name
		err = s.start(ctx, e, opt)
	}
	return failed(err, unchanged, "start %s", called(name))
}

func (s *Service) start(ctx context.Context, e vm.Entry, opt StartOptions) error {
	if e.Broken != nil {
		return e.Broken
	}
	if opt.Accel != "" {
		e.Accel = opt.Accel
		if err := e.Check(); err != nil {
			return err
		}
	}
	if err := s.checkSharesStill(e.Shares); err != nil {
		return err
	}
	if err := s.canHoldDisk(ctx, e.Name, "starting the VM"); err != nil {
		return err
	}
	if _, err := s.sockets(); err != nil {
		return err
	}
	args := []string{HostCommand, "--vm", e.Name}
	if opt.Accel != "" {
		args = append(args, "--accel", opt.Accel)
	}
	return host.Launch(ctx, s.opt.Program, args, nil)
}

// RunHost is the body of the host process: it runs the VM until it leaves.
// With adopt it takes over a QEMU that runs without one.
func (s *Service) RunHost(ctx context.Context, name, accel string, adopt bool) error {
	report := host.ReportPipe()
	e, err := s.vms.Get(name)
	if err == nil && !adopt {
		err = e.Broken
	}
	var spec host.Spec
	if err == nil {
		spec, err = s.spec(e.VM, accel)
		spec.Adopt = adopt
	}
	if err != nil {
		report(err)
		return err
	}
	return host.Run(ctx, spec, report, func(ctx context.Context, log io.Writer) { s.runAutomatic(ctx, e.Name, log) })
}

func (s *Service) spec(v vm.VM, accel string) (host.Spec, error) {
	if accel == "" {
		accel = v.Accel
	}
	sockets, err := s.sockets()
	if err != nil {
		return host.Spec{}, err
	}
	spec := host.Spec{
		Name: v.Name, ID: v.ID, Dir: s.vms.Dir(v.Name), RunDir: sockets,
		CPUs: v.CPUs, MemoryMB: v.MemoryMB, MAC: v.MAC, Isolated: v.Network.Isolated,
		Forwards: qemuForwards(v.Network.Forwards),
		Accel:    accel, AcceleratorsFile: s.opt.Home.Accelerators(),
		Grace: StopGrace,
	}
	for _, share := range v.Shares {
		spec.Shares = append(spec.Shares, host.Share{
			Share: qemu.Share{Path: share.Path, ReadOnly: share.ReadOnly}, GuestDir: share.GuestDir(),
		})
	}
	if v.Seeded {
		if spec.Seed, err = s.writeSeed(v); err != nil {
			return host.Spec{}, fmt.Errorf("what the guest is told at its start: %w", err)
		}
	}
	if v.Boot == vm.BootUEFI {
		variables, _ := sizes(spec.Dir.Firmware())
		spec.Firmware, err = qemu.FindFirmware(variables)
		return spec, err
	}
	if v.Boot == vm.BootDisk {
		return spec, nil
	}
	spec.Kernel, err = s.opt.Guest.Kernel(s.opt.Home.Cache())
	if err != nil {
		return host.Spec{}, fmt.Errorf("the built-in guest's kernel: %w", err)
	}
	spec.Append = s.opt.Guest.CommandLine(vm.Hostname(v.Name), v.ID)
	return spec, nil
}

// writeSeed makes the disk from which the guest of an image learns who it is, and
// returns its path.
func (s *Service) writeSeed(v vm.VM) (string, error) {
	program, err := s.opt.Guest.Agent()
	if err != nil {
		return "", err
	}
	dir := s.vms.Dir(v.Name)
	return dir.Seed(), seed.Write(dir, seed.Guest{ID: v.ID, Hostname: vm.Hostname(v.Name), Agent: program})
}

// Stop powers a VM off: the guest is told first, and after the grace period its
// power is cut. It returns when the VM is off. say gets a line for each step
// and may be nil. ErrStopped when it does not run.
func (s *Service) Stop(ctx context.Context, name string, opt StopOptions, say func(string)) error {
	e, err := s.entry(name)
	if err == nil {
		name = e.Name
		err = s.stop(ctx, e, opt, say)
	}
	return failed(err, "", "stop %s", called(name))
}

func (s *Service) stop(ctx context.Context, e vm.Entry, opt StopOptions, say func(string)) error {
	if say == nil {
		say = func(string) {}
	}
	if opt.Grace == 0 {
		opt.Grace = StopGrace
	}
	client, err := s.reach(ctx, e.Name)
	if errors.Is(err, host.ErrNotAnswering) {
		say("The host process of '" + e.Name + "' does not answer; asking QEMU itself.")
		return host.StopOrphan(ctx, s.vms.Dir(e.Name), opt.Force, opt.Grace)
	}
	if errors.Is(err, ErrStopped) {
		return errStoppedAlready
	}
	if err != nil {
		return err
	}
	defer client.Close()
	err = client.Stop(ctx, host.StopRequest{Force: opt.Force, Grace: opt.Grace}, say)
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted("not waited for any longer; the VM goes on powering off")
	case errors.As(err, new(*host.Orphan)):
		say("The host process of '" + e.Name + "' has died; another one goes on.")
		err = s.stop(ctx, e, opt, say) // in the end QEMU itself is asked: see adoptions
		if errors.Is(err, errStoppedAlready) {
			return nil
		}
	}
	return err
}

// Console is the guest's serial terminal: recent output first, then live. Close
// detaches and leaves the VM running.
type Console interface {
	io.ReadWriteCloser
	// Resize tells the guest the size of the terminal that shows it.
	Resize(ctx context.Context, cols, rows int) error
}

// replay is how much recent output an attachment begins with, in bytes: all that
// there is, up to the 10,000 lines that a terminal keeps.
const replay = 4 << 20

// logTail is how much of a log is told, in bytes.
const logTail = 1 << 20

type console struct {
	io.ReadWriteCloser
	client *host.Client
}

func (c console) Resize(ctx context.Context, cols, rows int) error {
	return c.client.Resize(ctx, cols, rows)
}

func (c console) Close() error {
	return errors.Join(c.ReadWriteCloser.Close(), c.client.Close())
}

// Console attaches to a running VM's console. Any number may be attached.
func (s *Service) Console(ctx context.Context, name string) (Console, error) {
	return s.attachConsole(ctx, name, replay)
}

// LiveConsole attaches to a running VM's console without its recent output.
func (s *Service) LiveConsole(ctx context.Context, name string) (Console, error) {
	return s.attachConsole(ctx, name, 0)
}

func (s *Service) attachConsole(ctx context.Context, name string, replay int) (Console, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, failed(err, "", "open the console of %s", called(name))
	}
	client, err := s.reach(ctx, e.Name)
	var stream io.ReadWriteCloser
	if err == nil {
		stream, err = client.Console(ctx, host.ConsoleRequest{Replay: replay})
	}
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, failed(err, "", "open the console of VM '%s'", e.Name)
	}
	return console{stream, client}, nil
}

// HostLog returns the end of what a VM's host process, and its QEMU, had to say.
func (s *Service) HostLog(_ context.Context, name string) ([]byte, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, failed(err, "", "read the log of %s", called(name))
	}
	text, err := host.Log(s.vms.Dir(e.Name), logTail)
	return text, failed(err, "", "read the log of VM '%s'", e.Name)
}

// LastConsole returns the end of what a VM's console showed, also of one that
// is stopped; empty when it never ran.
func (s *Service) LastConsole(_ context.Context, name string) ([]byte, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, failed(err, "", "read the console of %s", called(name))
	}
	return host.LastConsole(s.vms.Dir(e.Name), replay)
}
