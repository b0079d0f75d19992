package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

// hostProcessCommand is what Start starts: the owner of one running VM.
func (f *face) hostProcessCommand() *cobra.Command {
	var accel string
	var adopt bool
	cmd := &cobra.Command{
		Use: app.HostCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.svc.RunHost(cmd.Context(), f.vm, accel, adopt)
		},
	}
	cmd.Flags().StringVar(&accel, "accel", "", "auto, kvm or tcg")
	cmd.Flags().BoolVar(&adopt, "adopt", false, "take over a VM whose host process is gone")
	return f.wantVM(cmd)
}
