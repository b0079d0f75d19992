package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func snapshotPruneCommand(r *runner) *cobra.Command {
	var keep app.Keep
	var dry, automatic bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete old snapshots according to a retention policy",
		Long: `Prune deletes all snapshots that no --keep flag retains. Pinned, imported and damaged
snapshots are never deleted.`,
		Example: `  vmterminal snapshot prune --keep-last 5 --keep-daily 7 --dry-run
  vmterminal snapshot prune --keep-weekly 4
  vmterminal snapshot prune --automatic --keep-last 3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			if automatic {
				keep.AutomaticOf = v.Name
			}
			done, err := r.svc.PruneSnapshots(cmd.Context(), r.vm, keep, dry)
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
			}{schema, done.VM, dry, namesOf(done.Kept), namesOf(done.Deleted), done.Freed, failureJSON(err)}
			line := "Snapshot deleted: %s\n"
			if dry {
				line = "Would delete: %s\n"
			}
			written := r.writeResult(out, func() {
				for _, s := range done.Deleted {
					r.printf(line, app.Plain(s.Name))
				}
				r.infof("%d kept, %d deleted, %s freed.", len(done.Kept), len(done.Deleted), units.Bytes(done.Freed))
			})
			if err != nil {
				return err
			}
			return written
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&keep.Last, "keep-last", 0, "keep the newest `N` snapshots")
	flags.IntVar(&keep.Daily, "keep-daily", 0, "keep the newest snapshot of each of the last `N` days with snapshots")
	flags.IntVar(&keep.Weekly, "keep-weekly", 0, "keep the newest snapshot of each of the last `N` weeks with snapshots")
	flags.BoolVar(&automatic, "automatic", false, "consider automatic snapshots only")
	flags.BoolVar(&dry, "dry-run", false, "show what would be deleted without deleting it")
	return cmd
}

func namesOf(list []app.Snapshot) []string {
	all := []string{}
	for _, s := range list {
		all = append(all, s.Name)
	}
	return all
}
