package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func snapshotUndoCommand(r *runner) *cobra.Command {
	var discard, yes bool
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Undo the last restore",
		Long: `Undo swaps the VM's disk with the undo disk, the one that the last restore replaced.
Running it again swaps them back. The VM must be stopped.

This also cancels a restore with --start or --background whose disk is still being filled
in: the disk is kept as it is, and filling in continues if it is swapped back.`,
		Example: `  vmterminal snapshot undo
  vmterminal snapshot undo --discard   # free the space of the undo disk`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			if discard {
				return discardUndo(r, cmd, v.Name, yes)
			}
			job, err := r.svc.UndoRestore(cmd.Context(), v.Name, app.RestoreOptions{})
			if err != nil {
				return err
			}
			done, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			out := struct {
				Schema  int    `json:"schema"`
				VM      string `json:"vm"`
				OldSize int64  `json:"old_disk_size"`
				NewSize int64  `json:"new_disk_size"`
			}{schema, v.Name, done.OldSize, done.NewSize}
			return r.writeResult(out, func() {
				r.printf("Restore undone: %s\n", v.Name)
				r.infof("The replaced disk is the undo disk now; 'vmterminal snapshot undo' swaps them back.")
			})
		},
	}
	cmd.Flags().BoolVar(&discard, "discard", false, "delete the undo disk permanently")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask for confirmation")
	return cmd
}

func discardUndo(r *runner, cmd *cobra.Command, name string, yes bool) error {
	if _, asks := asTerminal(r.io.In); asks && !yes {
		if err := confirm(r.printer, cmd, fmt.Sprintf("Permanently delete the undo disk of '%s'?", name)); err != nil {
			return err
		}
	}
	freed, err := r.svc.DiscardUndo(cmd.Context(), name)
	if err != nil {
		return err
	}
	out := struct {
		Schema int    `json:"schema"`
		VM     string `json:"vm"`
		Freed  int64  `json:"freed"`
	}{schema, name, freed}
	return r.writeResult(out, func() { r.printf("Freed: %s\n", units.Bytes(freed)) })
}
