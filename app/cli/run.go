package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) runCommand() *cobra.Command {
	var opt app.StartOptions
	var detach bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Start a VM and attach this terminal to its console",
		Long: `Run starts the VM unless it runs already, and attaches this terminal to its
console. Ctrl+] detaches; the VM goes on running until it is stopped.`,
		Example: `  vmterminal run
  vmterminal run --vm dev --detach`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			err = f.svc.Start(cmd.Context(), v.Name, opt)
			if err != nil && !errors.Is(err, app.ErrRunning) {
				return err
			}
			if v, err = f.svc.VM(cmd.Context(), v.Name); err != nil {
				return err
			}
			_, terminalIn := terminal(f.io.In)
			_, terminalOut := terminal(f.io.Out)
			if detach || f.json || !terminalIn || !terminalOut {
				return f.data(vmDocument(v), func() { f.printf("VM running: %s (%s)\n", v.Name, v.Accelerator) })
			}
			f.say("VM '%s' runs with %s: %s", v.Name, v.Accelerator, v.AcceleratorWhy)
			return f.attach(cmd.Context(), v.Name)
		},
	}
	wantAccel(cmd, &opt.Accel, "auto, kvm or tcg: how QEMU runs the guest, this time")
	cmd.Flags().BoolVar(&detach, "detach", false, "start only; do not attach this terminal")
	return f.wantVM(cmd)
}

func (f *face) stopCommand() *cobra.Command {
	var opt app.StopOptions
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Power a VM off: the guest is told first, then forced after a while",
		Example: `  vmterminal stop
  vmterminal stop --vm dev --grace 60s
  vmterminal stop --force`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Grace < 0 {
				return usagef(cmd, "--grace must not be negative")
			}
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			err = f.svc.Stop(cmd.Context(), v.Name, opt, func(line string) { f.say("%s", line) })
			if err != nil {
				return err
			}
			if v, err = f.svc.VM(cmd.Context(), v.Name); err != nil {
				return err
			}
			return f.data(vmDocument(v), func() { f.printf("VM stopped: %s (%s)\n", v.Name, v.Left) })
		},
	}
	cmd.Flags().BoolVar(&opt.Force, "force", false, "cut the power at once; unsaved work in the guest is lost")
	cmd.Flags().DurationVar(&opt.Grace, "grace", app.StopGrace, "how long the guest may take before its power is cut")
	return f.wantVM(cmd)
}

func (f *face) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell a VM's state, accelerator, since when it runs, and its addresses",
		Example: `  vmterminal status
  vmterminal status --vm dev --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			return f.data(vmDocument(v), func() {
				f.printf("VM: %s\n", v.Name)
				f.printState(v)
			})
		},
	}
	return f.wantVM(cmd)
}

func (f *face) printState(v app.VM) {
	f.printf("  State: ")
	f.printfState(string(v.State), 0, "\n")
	if v.Problem != "" {
		f.printf("  Problem: %s\n", v.Problem)
	}
	if v.Doing != "" {
		f.printf("  Busy: %s\n", app.Plain(v.Doing))
	}
	if v.Accelerator != "" {
		f.printf("  Accelerator: %s (%s)\n", v.Accelerator, v.AcceleratorWhy)
	}
	if !v.Since.IsZero() {
		f.printf("  Since: %s (%s)\n", local(v.Since), time.Since(v.Since).Round(time.Second))
	}
	for _, a := range v.Addresses {
		f.printf("  Address: %s\n", a)
	}
	if v.MemoryUsed > 0 {
		f.printf("  Host memory: %s\n", megabytes(v.MemoryUsed))
		f.printf("  Host CPU time: %s\n", v.CPUTime.Round(100*time.Millisecond))
	}
	if v.Automatic.On() {
		f.printf("  Automatic snapshots: %s\n", automaticSetting(v.Automatic))
		f.printAutomaticFailure(v.Automatic)
	}
	if !v.State.Alive() && v.Left != "" {
		f.printf("  Last left: %s, %s\n", local(v.LeftAt), app.Plain(v.Left))
	}
}
