package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func runCommand(r *runner) *cobra.Command {
	var opt app.StartOptions
	var detach bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Start a VM and attach to its console",
		Long: `Run starts the VM if it is not running, and attaches this terminal to its console.
Ctrl+] detaches; the VM keeps running until it is stopped.

` + rawOutputHelp,
		Example: `  vmterminal run
  vmterminal run --vm dev --detach`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			err = r.svc.Start(cmd.Context(), v.Name, opt)
			if err != nil && !errors.Is(err, app.ErrRunning) {
				return err
			}
			if v, err = r.svc.VM(cmd.Context(), v.Name); err != nil {
				return err
			}
			_, terminalIn := asTerminal(r.io.In)
			_, terminalOut := asTerminal(r.io.Out)
			if detach || r.json || !terminalIn || !terminalOut {
				return r.writeResult(vmDocument(v), func() { r.printf("VM running: %s (%s)\n", v.Name, v.Accelerator) })
			}
			r.infof("VM '%s' is running with %s: %s", v.Name, v.Accelerator, acceleratorText(v))
			return attachConsole(cmd.Context(), r, v)
		},
	}
	addAccelFlag(cmd, &opt.Accel, "QEMU accelerator for this run: auto, kvm or tcg")
	addFilterFlag(r, cmd)
	cmd.Flags().BoolVar(&detach, "detach", false, "start the VM without attaching this terminal")
	return addVMFlag(r, cmd)
}
