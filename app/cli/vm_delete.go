package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func vmDeleteCommand(r *runner) *cobra.Command {
	var purge, yes bool
	cmd := &cobra.Command{
		Use: "delete NAME...", Aliases: []string{"rm"},
		Short: "Delete VMs",
		Long: `Delete removes VMs from the list. Their disks and snapshots are kept, and
'vmterminal vm create NAME --reuse-data' can reuse them. With --purge they are
deleted, too.`,
		Example: `  vmterminal vm delete old
  vmterminal vm delete old --purge -y`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: r.completeVMs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return deleteVMs(r, cmd, args, purge, yes)
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "permanently delete the disk and all snapshots, too")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask for confirmation")
	return cmd
}

// deleteVMs deletes the named VMs. It continues after a failure, returns the first error and
// prints the others.
func deleteVMs(r *runner, cmd *cobra.Command, names []string, purge, yes bool) error {
	out := struct {
		Schema  int        `json:"schema"`
		Deleted []string   `json:"deleted"`
		Data    bool       `json:"data"`
		Error   *errorJSON `json:"error,omitempty"` // the first error
	}{Schema: schema, Deleted: []string{}, Data: purge}
	var first error
	for _, name := range names {
		deleted, err := deleteVM(r, cmd, name, purge, yes)
		switch {
		case err == nil:
			out.Deleted = append(out.Deleted, deleted)
		case cmd.Context().Err() != nil:
			return err
		case first == nil:
			first = err
		default:
			r.printFailure(explain(err))
		}
	}
	if len(out.Deleted) == 0 {
		return first
	}
	out.Error = failureJSON(first)
	err := r.writeResult(out, func() {
		for _, name := range out.Deleted {
			r.printf("VM deleted: %s\n", name)
		}
	})
	if err != nil {
		return err
	}
	return first
}

func deleteVM(r *runner, cmd *cobra.Command, name string, purge, yes bool) (string, error) {
	v, err := r.svc.VM(cmd.Context(), name)
	if err != nil {
		return "", err
	}
	if purge && !yes {
		question := fmt.Sprintf("Permanently delete the disk of '%s' and its %d snapshots?", v.Name, v.Snapshots)
		if err := confirm(r.printer, cmd, question); err != nil {
			return "", err
		}
	}
	if err := r.svc.DeleteVM(cmd.Context(), v.Name, purge); err != nil {
		return "", err
	}
	if !purge && !r.json {
		r.infof("The disk and snapshots of '%s' are still in %s; 'vmterminal vm create %s --reuse-data' uses them again.", v.Name, v.Dir, v.Name)
	}
	return v.Name, nil
}
