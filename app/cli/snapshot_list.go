package cli

import (
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/problem"
	"vmterminal/app/units"
)

func snapshotListCommand(r *runner) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List snapshots, newest first",
		Example: `  vmterminal snapshot list
  vmterminal snapshot list --vm dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := r.svc.Snapshots(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			for _, n := range list.Notes {
				r.infof("Note: %s", n)
			}
			out := struct {
				Schema    int            `json:"schema"`
				VM        string         `json:"vm"`
				Snapshots []snapshotView `json:"snapshots"`
				Undo      *undoView      `json:"undo,omitempty"`
			}{schema, list.VM, []snapshotView{}, undoJSON(list.Undo)}
			for _, s := range list.Snapshots {
				out.Snapshots = append(out.Snapshots, snapshotJSON(s))
			}
			return r.writeResult(out, func() {
				if quiet {
					for _, s := range list.Snapshots {
						r.printf("%s\n", app.Plain(s.Name))
					}
					return
				}
				printSnapshots(r.printer, list)
				printUndoDisk(r.printer, list.Undo)
			})
		},
	}
	addQuietFlag(cmd, &quiet, "snapshots")
	return cmd
}

func printSnapshots(p *printer, list app.SnapshotList) {
	if len(list.Snapshots) == 0 {
		p.infof("No snapshots for VM '%s' yet. Take one: vmterminal snapshot create NAME", list.VM)
		return
	}
	p.printf("Snapshots for VM '%s':\n", list.VM)
	for _, s := range list.Snapshots {
		p.printf("  %s\n", app.Plain(s.Name))
		printSnapshotSummary(p, s, "    ")
		if s.DiskSize > 0 {
			p.printf("    Original size: %s\n", formatMegabytes(s.DiskSize))
		}
		p.printf("    Compressed size: %s\n", formatMegabytes(s.FileSize))
		printSnapshotExtras(p, s, "    ")
	}
}

// printUndoDisk prints a description of the undo disk, if there is one.
func printUndoDisk(p *printer, undo *app.UndoDisk) {
	if undo == nil {
		return
	}
	p.infof("Undo disk of the last restore: %s, %s used. 'vmterminal snapshot undo' swaps it back, --discard deletes it.",
		units.Bytes(undo.DiskSize), units.Bytes(undo.Used))
}

// printSnapshotSummary prints the lines that 'snapshot list' and 'snapshot show' have in
// common. The state is printed only if something is wrong.
func printSnapshotSummary(p *printer, s app.Snapshot, indent string) {
	why := ""
	switch {
	case s.Problem.Code != "":
		why = " (" + snapshotProblemText(s) + ")"
	case s.Foreign:
		why = " (not created by VMTerminal: can only be checked by its CRC-32)"
	}
	if why != "" || s.State != app.SnapshotOK {
		p.printf("%sState: ", indent)
		p.printfState(string(s.State), 0, "%s\n", why)
	}
	if !s.Created.IsZero() {
		p.printf("%sCreated: %s\n", indent, formatTime(s.Created))
	}
	if description := descriptionText(s); description != "" {
		p.printf("%sDescription: %s\n", indent, description)
	}
}

// snapshotProblemText describes what is wrong with a snapshot; it returns "" if nothing is.
func snapshotProblemText(s app.Snapshot) string {
	switch {
	case s.Problem.Code == problem.SnapshotFileMissing:
		return "its file " + app.Plain(s.File) + " is gone"
	case !s.DamageFoundAt.IsZero():
		return "found on " + s.DamageFoundAt.Local().Format(time.DateOnly) + ": " + s.Problem.Cause
	default:
		return s.Problem.Cause
	}
}

// descriptionText returns the description of a snapshot or, without one, why the program took
// it.
func descriptionText(s app.Snapshot) string {
	value := app.Plain(s.Purpose.Value)
	switch {
	case s.Description != "" || s.Purpose.Code == "":
		return app.Plain(s.Description)
	case s.Purpose.Code == app.PurposeAutomatic:
		return "Taken automatically, every " + value
	case s.Purpose.Code == app.PurposeTry:
		return "Before trying: " + value
	case s.Purpose.Code == app.PurposeUndo && value == "":
		return "The disk before the last restore"
	case s.Purpose.Code == app.PurposeUndo:
		return "The disk before the restore of '" + value + "'"
	default:
		return unknownCode(app.Plain(s.Purpose.Code))
	}
}

// printSnapshotExtras prints properties that most snapshots do not have.
func printSnapshotExtras(p *printer, s app.Snapshot, indent string) {
	if s.Taken == app.TakenCrashConsistent {
		p.printf("%sTaken: %s, as after a power cut\n", indent, s.Taken)
	}
	if s.Automatic {
		p.printf("%sAutomatic: yes\n", indent)
	}
	if s.Pinned {
		p.printf("%sPinned: yes\n", indent)
	}
	if !s.VerifiedAt.IsZero() {
		p.printf("%sVerified: %s\n", indent, formatTime(s.VerifiedAt))
	}
	if !s.BootedAt.IsZero() {
		p.printf("%sBoots: yes, last tried on %s\n", indent, formatTime(s.BootedAt))
	}
	// A difference of a few KiB is only due to rounding to whole blocks.
	if shares := s.FileSize - s.Frees; s.State != app.SnapshotMissing && shares > s.FileSize/100 {
		p.printf("%sDeleting frees: %s\n", indent, units.Bytes(s.Frees))
	}
}

func snapshotShowCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show details of a snapshot", Example: "  vmterminal snapshot show before-upgrade",
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := r.svc.Snapshot(cmd.Context(), r.vm, args[0])
			if err != nil {
				return err
			}
			return r.writeResult(snapshotDocument(snapshotJSON(s)), func() { printSnapshot(r.printer, s) })
		},
	}
}

func printSnapshot(p *printer, s app.Snapshot) {
	p.printf("Snapshot: %s\n", app.Plain(s.Name))
	p.printf("  VM: %s\n", app.Plain(s.VM))
	printSnapshotSummary(p, s, "  ")
	if s.DiskSize > 0 {
		p.printf("  Original disk size: %s\n", formatMegabytes(s.DiskSize))
	}
	p.printf("  Compressed size: %s\n", formatMegabytes(s.FileSize))
	if s.DiskSize > 0 {
		p.printf("  Compression ratio: %.1f%%\n", 100*float64(s.FileSize)/float64(s.DiskSize))
	}
	printSnapshotExtras(p, s, "  ")
}
