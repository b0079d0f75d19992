package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/problem"
)

func stopCommand(r *runner) *cobra.Command {
	var opt app.StopOptions
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Shut down a VM, forcing it off after a timeout",
		Example: `  vmterminal stop
  vmterminal stop --vm dev --grace 60s
  vmterminal stop --force`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := stopVM(r, cmd, opt)
			if err != nil {
				return err
			}
			if v.Temporary {
				return r.writeResult(vmDocument(v), func() { r.printf("VM stopped and deleted: %s\n", v.Name) })
			}
			return r.writeResult(vmDocument(v), func() { r.printf("VM stopped: %s%s\n", v.Name, inParentheses(exitText(v))) })
		},
	}
	addStopFlags(cmd, &opt)
	return addVMFlag(r, cmd)
}

func restartCommand(r *runner) *cobra.Command {
	var opt app.StopOptions
	cmd := &cobra.Command{
		Use:   "restart",
		Short: "Restart a VM",
		Long: `Restart stops the VM as 'vmterminal stop' does and starts it again, with changed
settings in effect. A stopped VM is only started.`,
		Example: `  vmterminal restart
  vmterminal restart --vm dev --grace 60s`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err == nil && v.Temporary {
				err = &app.Failure{Operation: problem.Operation{Code: problem.OpVMRestart, VM: v.Name}, Err: app.ErrTemporary}
			}
			if err == nil {
				v, err = stopVM(r, cmd, opt)
			}
			if err != nil {
				return err
			}
			if err := r.svc.Start(cmd.Context(), v.Name, app.StartOptions{}); err != nil {
				return err
			}
			if v, err = r.svc.VM(cmd.Context(), v.Name); err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() { r.printf("VM running: %s (%s)\n", v.Name, v.Accelerator) })
		},
	}
	addStopFlags(cmd, &opt)
	return addVMFlag(r, cmd)
}

// stopVM stops the VM named on the command line and returns its new status.
func stopVM(r *runner, cmd *cobra.Command, opt app.StopOptions) (app.VM, error) {
	switch {
	case opt.Grace < 0:
		return app.VM{}, usagef(cmd, "--grace must not be negative")
	case opt.Grace == 0:
		opt.Force = true
	}
	v, err := r.svc.VM(cmd.Context(), r.vm)
	if err != nil {
		return app.VM{}, err
	}
	if err := r.svc.Stop(cmd.Context(), v.Name, opt, stopReporter(r.printer, v.Name)); err != nil {
		return app.VM{}, err
	}
	if v.Temporary { // it is deleted now
		v.State = app.Stopped
		return v, nil
	}
	return r.svc.VM(cmd.Context(), v.Name)
}

// addStopFlags adds the flags for stopping a VM.
func addStopFlags(cmd *cobra.Command, opt *app.StopOptions) {
	cmd.Flags().BoolVar(&opt.Force, "force", false, "cut the power at once; unsaved work in the guest is lost")
	cmd.Flags().DurationVar(&opt.Grace, "grace", app.DefaultGrace, "time to wait before the power is cut; 0s cuts it at once")
}

// inParentheses formats a remark at the end of a line; it returns "" if remark is empty.
func inParentheses(remark string) string {
	if remark == "" {
		return ""
	}
	return " (" + remark + ")"
}
