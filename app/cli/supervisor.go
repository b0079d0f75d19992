package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

// supervisorCommand returns the hidden command that runs the supervisor, the process that owns
// one running VM. The Service starts this process.
func supervisorCommand(r *runner) *cobra.Command {
	var accel string
	var adopt bool
	cmd := &cobra.Command{
		Use: app.SupervisorCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.svc.RunSupervisor(cmd.Context(), r.vm, accel, adopt)
		},
	}
	cmd.Flags().StringVar(&accel, "accel", "", "auto, kvm or tcg")
	cmd.Flags().BoolVar(&adopt, "adopt", false, "take over a VM whose supervisor is gone")
	return addVMFlag(r, cmd)
}
