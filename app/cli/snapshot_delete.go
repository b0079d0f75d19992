package cli

import (
	"github.com/spf13/cobra"
)

func snapshotDeleteCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME...", Aliases: []string{"rm"},
		Short: "Delete snapshots",
		Example: `  vmterminal snapshot delete old-snapshot
  vmterminal snapshot delete old-snapshot --vm dev`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: r.completeSnapshots,
		RunE: func(cmd *cobra.Command, args []string) error {
			var deleted []string
			var first error
			for at, err := range r.svc.DeleteSnapshots(cmd.Context(), r.vm, args) {
				switch {
				case err == nil:
					deleted = append(deleted, args[at])
				case first == nil:
					first = err
				default:
					r.printFailure(explain(err))
				}
			}
			out := struct {
				Schema  int        `json:"schema"`
				Deleted []string   `json:"deleted"`
				Error   *errorJSON `json:"error,omitempty"` // the first error
			}{schema, deleted, failureJSON(first)}
			if len(deleted) > 0 {
				err := r.writeResult(out, func() {
					for _, name := range deleted {
						r.printf("Snapshot deleted: %s\n", name)
					}
				})
				if err != nil {
					return err
				}
			}
			return first
		},
	}
}
