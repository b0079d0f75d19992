package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotList() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List the snapshots, newest first",
		Example: `  vmterminal snapshot list
  vmterminal snapshot list --vm dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := f.svc.Snapshots(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			for _, n := range list.Notes {
				f.say("Note: %s", n)
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
			return f.data(out, func() {
				if quiet {
					for _, s := range list.Snapshots {
						f.printf("%s\n", app.Plain(s.Name))
					}
					return
				}
				f.printSnapshots(list)
				f.sayUndo(list.Undo)
			})
		},
	}
	f.wantQuiet(cmd, &quiet, "snapshots")
	return cmd
}

func (f *face) printSnapshots(list app.SnapshotList) {
	if len(list.Snapshots) == 0 {
		f.say("No snapshots for VM '%s' yet. Take one: vmterminal snapshot create NAME", list.VM)
		return
	}
	f.printf("Snapshots for VM '%s':\n", list.VM)
	for _, s := range list.Snapshots {
		f.printf("  %s\n", app.Plain(s.Name))
		f.printAbout(s, "    ")
		if s.DiskSize > 0 {
			f.printf("    Original size: %s\n", megabytes(s.DiskSize))
		}
		f.printf("    Compressed size: %s\n", megabytes(s.FileSize))
		f.printMore(s, "    ")
	}
}

// sayUndo tells of the disk that is kept for undo, if there is one.
func (f *face) sayUndo(kept *app.Kept) {
	if kept == nil {
		return
	}
	f.say("Kept from before the last restore: a disk of %s, which takes up %s. 'vmterminal snapshot undo' brings it back, with --discard it is freed.",
		megabytes(kept.DiskSize), megabytes(kept.Used))
}

// printAbout writes what a list and the details have in common. There is a line
// of state only where a snapshot is not as it should be.
func (f *face) printAbout(s app.Snapshot, indent string) {
	why := ""
	switch {
	case s.Problem != "":
		why = " (" + app.Plain(s.Problem) + ")"
	case s.Foreign:
		why = " (not made by VMTerminal: can be checked by CRC-32 only)"
	}
	if why != "" || s.State != "ok" {
		f.printf("%sState: ", indent)
		f.printfState(s.State, 0, "%s\n", why)
	}
	if !s.Created.IsZero() {
		f.printf("%sCreated: %s\n", indent, local(s.Created))
	}
	if s.Description != "" {
		f.printf("%sDescription: %s\n", indent, app.Plain(s.Description))
	}
}

// printMore writes what is out of the ordinary about a snapshot that is as it
// should be.
func (f *face) printMore(s app.Snapshot, indent string) {
	if s.Taken == app.TakenCrashConsistent {
		f.printf("%sTaken: %s, as after a power cut\n", indent, s.Taken)
	}
	if s.Automatic {
		f.printf("%sAutomatic: yes\n", indent)
	}
	if s.Pinned {
		f.printf("%sPinned: yes\n", indent)
	}
	if !s.VerifiedAt.IsZero() {
		f.printf("%sVerified: %s\n", indent, local(s.VerifiedAt))
	}
	// Whole blocks make up to a few KB of difference.
	if shares := s.FileSize - s.Frees; s.State != "missing" && shares > s.FileSize/100 {
		f.printf("%sDeleting frees: %s\n", indent, megabytes(s.Frees))
	}
}

func (f *face) snapshotShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show all about one snapshot", Example: "  vmterminal snapshot show before-upgrade",
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.svc.Snapshot(cmd.Context(), f.vm, args[0])
			if err != nil {
				return err
			}
			return f.data(f.result(snapshotJSON(s)), func() { f.printSnapshot(s) })
		},
	}
}

func (f *face) printSnapshot(s app.Snapshot) {
	f.printf("Snapshot: %s\n", app.Plain(s.Name))
	f.printf("  VM: %s\n", app.Plain(s.VM))
	f.printAbout(s, "  ")
	if s.DiskSize > 0 {
		f.printf("  Original disk size: %s\n", megabytes(s.DiskSize))
	}
	f.printf("  Compressed size: %s\n", megabytes(s.FileSize))
	if s.DiskSize > 0 {
		f.printf("  Compression ratio: %.1f%%\n", 100*float64(s.FileSize)/float64(s.DiskSize))
	}
	f.printMore(s, "  ")
}
