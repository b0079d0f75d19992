package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

// hostProcessCommand is what Start starts: the owner of one running VM.
func (f *face) hostProcessCommand() *cobra.Command {
	var accel string
	cmd := &cobra.Command{
		Use: app.HostCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.svc.RunHost(cmd.Context(), f.vm, accel)
		},
	}
	cmd.Flags().StringVar(&accel, "accel", "", "auto, kvm or tcg")
	return f.wantVM(cmd)
}
