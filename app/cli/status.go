package cli

import (
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func statusCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the status of a VM",
		Example: `  vmterminal status
  vmterminal status --vm dev --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() {
				r.printf("VM: %s\n", v.Name)
				printStatus(r.printer, v)
			})
		},
	}
	return addVMFlag(r, cmd)
}

func printStatus(p *printer, v app.VM) {
	p.printf("  State: ")
	p.printfState(string(v.State), 0, "\n")
	if v.Temporary {
		p.printf("  Temporary: deleted when it stops\n")
	}
	if problem := problemText(v); problem != "" {
		p.printf("  Problem: %s\n", problem)
	}
	if activity := activityText(v.Activity); activity != "" {
		p.printf("  Busy: %s\n", activity)
	}
	if filling := fillingText(v); filling != "" {
		p.printf("  Disk: %s\n", filling)
	}
	if v.Accelerator != "" {
		p.printf("  Accelerator: %s (%s)\n", v.Accelerator, acceleratorText(v))
	}
	if !v.Since.IsZero() {
		p.printf("  Running since: %s (%s)\n", formatTime(v.Since), units.Duration(time.Since(v.Since).Truncate(time.Second)))
	}
	for _, a := range v.Addresses {
		p.printf("  Address: %s\n", a)
	}
	if v.MemoryUsed > 0 {
		p.printf("  Host memory: %s\n", units.Bytes(v.MemoryUsed))
		p.printf("  Host CPU time: %s\n", units.Duration(v.CPUTime))
	}
	if v.Automatic.On() {
		p.printf("  Automatic snapshots: %s\n", automaticSetting(v.Automatic))
		printAutomaticFailure(p, v.Automatic)
	}
	if exit := exitText(v); exit != "" && !v.State.Alive() {
		when := "at an unknown time"
		if !v.ExitedAt.IsZero() {
			when = formatTime(v.ExitedAt)
		}
		p.printf("  Last exit: %s, %s\n", when, exit)
	}
}
