package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Take, list, restore and delete snapshots of a VM's disk",
		Example: `  vmterminal snapshot create before-upgrade -d "Before system upgrade"
  vmterminal snapshot list --vm dev
  vmterminal snapshot restore before-upgrade`,
	}
	f.wantVM(cmd)
	cmd.AddCommand(
		f.snapshotCreate(), f.snapshotList(), f.snapshotShow(), f.snapshotRestore(), f.snapshotUndo(), f.snapshotDelete(),
		f.snapshotVerify(), f.snapshotRename(), f.snapshotDescribe(), f.snapshotPin(), f.snapshotPrune(), f.snapshotAuto(),
		f.snapshotExport(), f.snapshotImport(), f.snapshotClone(),
	)
	return cmd
}

func (f *face) snapshotCreate() *cobra.Command {
	var n app.NewSnapshot
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Take a snapshot; the VM may be running or stopped",
		Example: `  vmterminal snapshot create my-snapshot
  vmterminal snapshot create before-upgrade -d "Before system upgrade"
  vmterminal snapshot create backup --vm dev`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			job, err := f.svc.CreateSnapshot(cmd.Context(), f.vm, n)
			if err != nil {
				return err
			}
			f.say("Creating snapshot '%s' for VM '%s'...", job.Subject, job.VM)
			f.say("This may take a while depending on disk size...")
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			s, _ := job.Result().(app.Snapshot)
			for _, n := range s.Notes {
				f.say("Note: %s", n)
			}
			return f.data(f.result(snapshotJSON(s)), func() {
				f.printf("Snapshot created: %s (%s compressed)\n", s.Name, megabytes(s.FileSize))
			})
		},
	}
	cmd.Flags().StringVarP(&n.Description, "description", "d", "", "what the snapshot is of, or for")
	return cmd
}

func (f *face) snapshotRestore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore NAME",
		Short: "Bring a stopped VM's disk back to a snapshot",
		Long: `Restore checks the whole snapshot first, then swaps it with the VM's disk.
The disk as it was is kept until the next restore; 'snapshot undo' brings it
back.`,
		Example: `  vmterminal stop
  vmterminal snapshot restore before-upgrade
  vmterminal run`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := f.svc.RestoreSnapshot(cmd.Context(), f.vm, args[0], app.RestoreOptions{Say: func(line string) { f.say("%s", line) }})
			if err != nil {
				return err
			}
			f.say("Restoring snapshot '%s' of VM '%s'...", job.Subject, job.VM)
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			r, _ := job.Result().(app.Restored)
			f.sayRestored(r)
			out := f.result(snapshotJSON(r.Snapshot))
			return f.data(out, func() { f.printf("Snapshot restored: %s\n", r.Snapshot.Name) })
		},
	}
}

func (f *face) sayRestored(r app.Restored) {
	if r.CRCOnly {
		f.say("This file was not made by VMTerminal: it was checked by CRC only.")
	}
	if r.OldSize > 0 && r.OldSize != r.NewSize {
		f.say("The disk was %s and is %s now.", megabytes(r.OldSize), megabytes(r.NewSize))
	}
	if r.Undo != "" {
		f.say("The disk as it was before is kept: %s", r.Undo)
	}
}

func (f *face) snapshotDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME...", Aliases: []string{"rm"},
		Short: "Delete snapshots and free their space",
		Example: `  vmterminal snapshot delete old-snapshot
  vmterminal snapshot delete old-snapshot --vm dev`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeSnapshots,
		RunE: func(cmd *cobra.Command, args []string) error {
			var deleted []string
			var first error
			for _, name := range args {
				err := f.svc.DeleteSnapshot(cmd.Context(), f.vm, name)
				switch {
				case err == nil:
					deleted = append(deleted, name)
				case first == nil:
					first = err
				default:
					f.say("vmterminal: %s", explain(err).Line())
				}
			}
			out := struct {
				Schema  int        `json:"schema"`
				Deleted []string   `json:"deleted"`
				Error   *errorJSON `json:"error,omitempty"` // the first
			}{schema, deleted, failureJSON(first)}
			if len(deleted) > 0 {
				err := f.data(out, func() {
					for _, name := range deleted {
						f.printf("Snapshot deleted: %s\n", name)
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

// result wraps one snapshot for --json.
func (f *face) result(s snapshotView) any {
	return struct {
		Schema   int          `json:"schema"`
		Snapshot snapshotView `json:"snapshot"`
	}{schema, s}
}
