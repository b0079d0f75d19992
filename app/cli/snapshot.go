package cli

import (
	"github.com/spf13/cobra"
)

func snapshotCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Manage snapshots of a VM's disk",
		Example: `  vmterminal snapshot create before-upgrade -d "Before system upgrade"
  vmterminal snapshot list --vm dev
  vmterminal snapshot restore before-upgrade`,
	}
	addVMFlag(r, cmd)
	cmd.AddCommand(
		snapshotCreateCommand(r), snapshotListCommand(r), snapshotShowCommand(r), snapshotRestoreCommand(r), snapshotUndoCommand(r), snapshotDeleteCommand(r),
		snapshotVerifyCommand(r), snapshotRenameCommand(r), snapshotDescribeCommand(r), snapshotPinCommand(r), snapshotUnpinCommand(r), snapshotPruneCommand(r), snapshotAutoCommand(r),
		snapshotExportCommand(r), snapshotServeCommand(r), snapshotImportCommand(r), snapshotCloneCommand(r), snapshotBootCommand(r),
	)
	return cmd
}

// snapshotDocument returns the JSON result of a command on one snapshot.
func snapshotDocument(s snapshotView) any {
	return struct {
		Schema   int          `json:"schema"`
		Snapshot snapshotView `json:"snapshot"`
	}{schema, s}
}
