package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotPrune() *cobra.Command {
	var keep app.Keep
	var dry, automatic bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete old snapshots by rule; pinned, imported and damaged ones stay",
		Example: `  vmterminal snapshot prune --keep-last 5 --keep-daily 7 --dry-run
  vmterminal snapshot prune --keep-weekly 4
  vmterminal snapshot prune --automatic --keep-last 3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			if automatic {
				keep.AutomaticOf = v.Name
			}
			done, err := f.svc.PruneSnapshots(cmd.Context(), f.vm, keep, dry)
			if err != nil && len(done.Deleted) == 0 {
				return err
			}
			out := struct {
				Schema  int        `json:"schema"`
				VM      string     `json:"vm"`
				DryRun  bool       `json:"dry_run"`
				Kept    []string   `json:"kept"`
				Deleted []string   `json:"deleted"`
				Freed   int64      `json:"freed"`
				Error   *errorJSON `json:"error,omitempty"`
			}{schema, done.VM, dry, names(done.Kept), names(done.Deleted), done.Freed, failureJSON(err)}
			line := "Snapshot deleted: %s\n"
			if dry {
				line = "Would delete: %s\n"
			}
			written := f.data(out, func() {
				for _, s := range done.Deleted {
					f.printf(line, app.Plain(s.Name))
				}
				f.say("%d kept, %d deleted, %s freed.", len(done.Kept), len(done.Deleted), megabytes(done.Freed))
			})
			if err != nil {
				return err
			}
			return written
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&keep.Last, "keep-last", 0, "keep the newest `N`")
	flags.IntVar(&keep.Daily, "keep-daily", 0, "keep the newest of each of the last `N` days that have any")
	flags.IntVar(&keep.Weekly, "keep-weekly", 0, "keep the newest of each of the last `N` weeks that have any")
	flags.BoolVar(&automatic, "automatic", false, "count and delete automatic ones only")
	flags.BoolVar(&dry, "dry-run", false, "only say what would be deleted")
	return cmd
}

func names(list []app.Snapshot) []string {
	all := []string{}
	for _, s := range list {
		all = append(all, s.Name)
	}
	return all
}
