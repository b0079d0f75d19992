package cli

import (
	"github.com/spf13/cobra"
)

func snapshotRenameCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "rename NAME NEW-NAME",
		Short: "Rename a snapshot", Example: "  vmterminal snapshot rename quick-20260123-103045 before-upgrade",
		Args: cobra.ExactArgs(2), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.svc.RenameSnapshot(cmd.Context(), r.vm, args[0], args[1]); err != nil {
				return err
			}
			return showChangedSnapshot(r, cmd, args[1], "Snapshot renamed: %s\n")
		},
	}
}

func snapshotDescribeCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "describe NAME TEXT",
		Short: "Change the description of a snapshot", Example: "  vmterminal snapshot describe before-upgrade 'Before system upgrade'",
		Args: cobra.ExactArgs(2), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.svc.DescribeSnapshot(cmd.Context(), r.vm, args[0], args[1]); err != nil {
				return err
			}
			return showChangedSnapshot(r, cmd, args[0], "Snapshot described: %s\n")
		},
	}
}

func snapshotPinCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "pin NAME",
		Short: "Protect a snapshot from automatic deletion", Example: "  vmterminal snapshot pin clean-install",
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.svc.PinSnapshot(cmd.Context(), r.vm, args[0], true); err != nil {
				return err
			}
			return showChangedSnapshot(r, cmd, args[0], "Snapshot pinned: %s\n")
		},
	}
}

func snapshotUnpinCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "unpin NAME",
		Short: "Allow a pinned snapshot to be deleted automatically", Example: "  vmterminal snapshot unpin clean-install",
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.svc.PinSnapshot(cmd.Context(), r.vm, args[0], false); err != nil {
				return err
			}
			return showChangedSnapshot(r, cmd, args[0], "Snapshot unpinned: %s\n")
		},
	}
}

// showChangedSnapshot prints the result of a change to a snapshot; line is a format string for
// the snapshot's name.
func showChangedSnapshot(r *runner, cmd *cobra.Command, name, line string) error {
	s, err := r.svc.Snapshot(cmd.Context(), r.vm, name)
	if err != nil {
		return err
	}
	return r.writeResult(snapshotDocument(snapshotJSON(s)), func() { r.printf(line, s.Name) })
}
