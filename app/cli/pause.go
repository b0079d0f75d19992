package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// pauseOrResumeCommand returns a command that calls request; state names the VM's state afterward.
func pauseOrResumeCommand(r *runner, use, short, state string, request func(context.Context, string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Example: "  vmterminal " + use + "\n  vmterminal " + use + " --vm dev",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			if err := request(cmd.Context(), v.Name); err != nil {
				return err
			}
			if v, err = r.svc.VM(cmd.Context(), v.Name); err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() { r.printf("VM %s: %s\n", state, v.Name) })
		},
	}
	return addVMFlag(r, cmd)
}
