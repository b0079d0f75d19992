package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func snapshotExportCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "export NAME FILE|-",
		Short: "Export a snapshot to a file or standard output",
		Long: `Export copies the file of a snapshot and verifies its data on the way. The copy is an
ordinary gzip file of the disk.`,
		Example: `  vmterminal snapshot export before-upgrade /media/backup/before-upgrade.raw.gz
  vmterminal snapshot export before-upgrade - | ssh server 'cat > before-upgrade.raw.gz'`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: r.completeSnapshotThenFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] == "-" {
				return exportStream(r, cmd, args[0])
			}
			job, err := r.svc.ExportSnapshotFile(cmd.Context(), r.vm, args[0], args[1])
			if err != nil {
				return err
			}
			s, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			return r.writeResult(snapshotDocument(snapshotJSON(s)), func() { r.printf("Snapshot exported: %s to %s\n", s.Name, app.Plain(args[1])) })
		},
	}
}

func exportStream(r *runner, cmd *cobra.Command, name string) error {
	if _, ok := asTerminal(r.io.Out); ok {
		return usagef(cmd, "cannot write a snapshot to a terminal: name a file or redirect the output")
	}
	job, err := r.svc.ExportSnapshot(cmd.Context(), r.vm, name, r.stdout())
	if err != nil {
		return err
	}
	_, err = followJob(cmd.Context(), r.printer, job)
	return err
}
