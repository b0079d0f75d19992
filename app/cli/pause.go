package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func (f *face) pauseCommand() *cobra.Command {
	return f.processorsCommand("pause", "Hold a running VM: the guest stands still, its memory stays", "paused", f.svc.Pause)
}

func (f *face) resumeCommand() *cobra.Command {
	return f.processorsCommand("resume", "Let a paused VM go on", "running", f.svc.Resume)
}

func (f *face) processorsCommand(use, short, now string, act func(context.Context, string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Example: "  vmterminal " + use + "\n  vmterminal " + use + " --vm dev",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			if err := act(cmd.Context(), v.Name); err != nil {
				return err
			}
			if v, err = f.svc.VM(cmd.Context(), v.Name); err != nil {
				return err
			}
			return f.data(vmDocument(v), func() { f.printf("VM %s: %s\n", now, v.Name) })
		},
	}
	return f.wantVM(cmd)
}
