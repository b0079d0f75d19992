package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotUndo() *cobra.Command {
	var discard, yes bool
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Bring back the disk that the last restore replaced; again, and it is swapped back",
		Example: `  vmterminal snapshot undo
  vmterminal snapshot undo --discard   # free what is kept`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			if discard {
				return f.discardUndo(cmd, v.Name, yes)
			}
			job, err := f.svc.UndoRestore(cmd.Context(), v.Name, app.RestoreOptions{})
			if err != nil {
				return err
			}
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			done, _ := job.Result().(app.Undone)
			out := struct {
				Schema  int    `json:"schema"`
				VM      string `json:"vm"`
				OldSize int64  `json:"old_disk_size"`
				NewSize int64  `json:"new_disk_size"`
			}{schema, v.Name, done.OldSize, done.NewSize}
			return f.data(out, func() {
				f.printf("Restore undone: %s\n", v.Name)
				f.say("The disk that it replaced is kept; 'vmterminal snapshot undo' swaps them again.")
			})
		},
	}
	cmd.Flags().BoolVar(&discard, "discard", false, "free what the last restore kept, for good")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (f *face) discardUndo(cmd *cobra.Command, name string, yes bool) error {
	if _, asks := terminal(f.io.In); asks && !yes {
		if err := f.confirm(cmd, fmt.Sprintf("Delete the disk of '%s' that the last restore replaced, for good?", name)); err != nil {
			return err
		}
	}
	freed, err := f.svc.DiscardUndo(cmd.Context(), name)
	if err != nil {
		return err
	}
	out := struct {
		Schema int    `json:"schema"`
		VM     string `json:"vm"`
		Freed  int64  `json:"freed"`
	}{schema, name, freed}
	return f.data(out, func() { f.printf("Freed: %s\n", megabytes(freed)) })
}
