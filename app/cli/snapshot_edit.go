package cli

import (
	"github.com/spf13/cobra"
)

func (f *face) snapshotRename() *cobra.Command {
	return &cobra.Command{
		Use:   "rename NAME NEWNAME",
		Short: "Give a snapshot another name", Example: "  vmterminal snapshot rename quick-20260123-103045 before-upgrade",
		Args: cobra.ExactArgs(2), ValidArgsFunction: f.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.svc.RenameSnapshot(cmd.Context(), f.vm, args[0], args[1]); err != nil {
				return err
			}
			return f.showChanged(cmd, args[1], "Snapshot renamed: %s\n")
		},
	}
}

func (f *face) snapshotDescribe() *cobra.Command {
	return &cobra.Command{
		Use:   "describe NAME TEXT",
		Short: "Change a snapshot's description", Example: "  vmterminal snapshot describe before-upgrade 'Before system upgrade'",
		Args: cobra.ExactArgs(2), ValidArgsFunction: f.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.svc.DescribeSnapshot(cmd.Context(), f.vm, args[0], args[1]); err != nil {
				return err
			}
			return f.showChanged(cmd, args[0], "Snapshot described: %s\n")
		},
	}
}

func (f *face) snapshotPin() *cobra.Command {
	var off bool
	cmd := &cobra.Command{
		Use:   "pin NAME",
		Short: "Keep a snapshot from being pruned",
		Example: `  vmterminal snapshot pin clean-install
  vmterminal snapshot pin clean-install --off`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.svc.PinSnapshot(cmd.Context(), f.vm, args[0], !off); err != nil {
				return err
			}
			if off {
				return f.showChanged(cmd, args[0], "Snapshot unpinned: %s\n")
			}
			return f.showChanged(cmd, args[0], "Snapshot pinned: %s\n")
		},
	}
	cmd.Flags().BoolVar(&off, "off", false, "let it be pruned again")
	return cmd
}

// showChanged writes what became of a snapshot.
func (f *face) showChanged(cmd *cobra.Command, name, line string) error {
	s, err := f.svc.Snapshot(cmd.Context(), f.vm, name)
	if err != nil {
		return err
	}
	return f.data(f.result(snapshotJSON(s)), func() { f.printf(line, s.Name) })
}
