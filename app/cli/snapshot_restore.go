package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func snapshotRestoreCommand(r *runner) *cobra.Command {
	var opt app.RestoreOptions
	cmd := &cobra.Command{
		Use:   "restore NAME",
		Short: "Restore a snapshot",
		Long: `Restore replaces the disk of a stopped VM with a snapshot. The whole snapshot is
verified before the disk is replaced.

The replaced disk becomes the undo disk; 'vmterminal snapshot undo' swaps it back. A VM
has one undo disk, so a restore deletes the previous one. If the VM's disk has not
changed since the last restore, the existing undo disk is kept instead. Before deleting
an undo disk, restore offers to save it as a snapshot; without a terminal, use
--save-undo.

With --start, the VM starts at once, whatever the size of its disk. Each part of the
snapshot is then verified when the guest first reads it, and copied to the disk while the
VM runs; 'vmterminal status' shows the progress. If the VM is stopped before that is
complete, it continues at the next start. Deleting the snapshot in the meantime is safe.
To cancel such a restore, stop the VM and run 'vmterminal snapshot undo'.

With --background, restore also returns at once, but leaves the VM stopped. Files that
were not created by VMTerminal are always restored completely first.`,
		Example: `  vmterminal stop
  vmterminal snapshot restore before-upgrade
  vmterminal run

  vmterminal snapshot restore before-upgrade --start
  vmterminal console`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			if opt.SaveUndo == "" {
				var err error
				if opt.SaveUndo, err = offerSaveUndo(r, cmd); err != nil {
					return err
				}
			}
			opt.OnWarning = restoreWarner(r.printer)
			job, err := r.svc.RestoreSnapshot(cmd.Context(), r.vm, args[0], opt)
			if err != nil {
				return err
			}
			r.infof("Restoring snapshot '%s' of VM '%s'...", job.Subject, job.VM)
			restored, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			reportRestore(r.printer, restored)
			out := snapshotDocument(snapshotJSON(restored.Snapshot))
			return r.writeResult(out, func() {
				r.printf("Snapshot restored: %s\n", restored.Snapshot.Name)
				reportStart(r.printer, restored, opt)
			})
		},
	}
	cmd.Flags().BoolVar(&opt.Start, "start", false, "start the VM at once; its disk is filled in while it runs")
	cmd.Flags().BoolVar(&opt.Lazy, "background", false, "return at once; the disk is filled in when the VM runs")
	cmd.Flags().StringVar(&opt.SaveUndo, "save-undo", "", "save an existing undo disk as snapshot `NAME` before it is deleted")
	return cmd
}

func reportRestore(p *printer, r app.Restored) {
	if r.Saved != "" {
		p.infof("The previous undo disk was saved as snapshot '%s'.", r.Saved)
	}
	if r.Damage != "" {
		p.infof("Note: the disk was restored correctly, but a part of the snapshot file that was not needed is damaged: %s. Take a new snapshot.", r.Damage)
	}
	if r.CRCOnly {
		p.infof("This file was not created by VMTerminal; it could only be checked against its CRC-32.")
	}
	if r.OldSize > 0 && r.OldSize != r.NewSize {
		p.infof("The disk was %s and is %s now.", units.Bytes(r.OldSize), units.Bytes(r.NewSize))
	}
	switch {
	case r.KeptBefore:
		p.infof("The undo disk did not change: %s", r.Undo)
	case r.Undo != "":
		p.infof("The replaced disk is kept for undo: %s", r.Undo)
	}
}

// reportStart prints what happens after a restore with --start or --background.
func reportStart(p *printer, r app.Restored, opt app.RestoreOptions) {
	if r.Lazy {
		p.infof("The disk is filled in while the VM runs; 'vmterminal status' shows the progress.")
	}
	switch {
	case opt.Start:
		p.infof("The VM is running. Attach to its console: vmterminal run")
	case r.Lazy:
		p.infof("Start the VM: vmterminal run")
	}
}

// restoreWarner returns a function that prints warnings about a restore.
func restoreWarner(p *printer) func(app.RestoreWarning) {
	return func(w app.RestoreWarning) {
		switch {
		case w.Code == app.WarnUndoDeleted:
			p.infof("%s", undoDeletedText(w.Undo))
		case w.Code == app.WarnSizeChanges && w.NewSize == 0:
			p.infof("The disk is %s now. Its new size is known once the file has been decompressed.", units.Bytes(w.OldSize))
		case w.Code == app.WarnSizeChanges:
			p.infof("The disk is %s now and will be %s, the size in the snapshot.", units.Bytes(w.OldSize), units.Bytes(w.NewSize))
		default: // a code from a newer version
			p.infof("Warning: %s", w.Code)
		}
	}
}

func undoDeletedText(undo app.UndoDisk) string {
	restore := "the last restore"
	if undo.Restored != "" {
		restore = "the restore of '" + app.Plain(undo.Restored) + "'"
	}
	return fmt.Sprintf("The disk from before %s (undo disk since %s, %s) is not in any snapshot and will be deleted: undo will bring back the current disk instead.",
		restore, formatTime(undo.Since), units.Bytes(undo.DiskSize))
}

// offerSaveUndo asks on a terminal whether to save the undo disk as a snapshot if a restore
// would delete it. It returns the snapshot's name, or "" if the disk is not to be saved.
func offerSaveUndo(r *runner, cmd *cobra.Command) (string, error) {
	in, ok := questionTerminal(r.printer)
	if !ok {
		return "", nil
	}
	list, err := r.svc.Snapshots(cmd.Context(), r.vm)
	if err != nil || list.Undo == nil || !list.Undo.AtRisk {
		return "", nil //nolint:nilerr // the restore reports it
	}
	name := app.UndoName(time.Now())
	restoreWarner(r.printer)(app.RestoreWarning{Code: app.WarnUndoDeleted, Undo: *list.Undo})
	if save, err := askYesNo(cmd.Context(), r.printer, in, "Save it as snapshot '"+name+"' first?"); err != nil || !save {
		return "", err
	}
	return name, nil
}
