package cli

import (
	"github.com/spf13/cobra"
)

func snapshotImportCommand(r *runner) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import FILE|URL",
		Short: "Import a snapshot from a file or URL",
		Long: `Import adds a snapshot after verifying its data. Any gzip file of a raw disk can be
imported.`,
		Example: `  vmterminal snapshot import /media/backup/before-upgrade.raw.gz
  vmterminal snapshot import https://example.org/base.raw.gz --name base`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := r.svc.ImportSnapshot(r.vm, args[0], name)
			if err != nil {
				return err
			}
			r.infof("Importing a snapshot into VM '%s'...", job.VM)
			s, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			return r.writeResult(snapshotDocument(snapshotJSON(s)), func() { r.printf("Snapshot imported: %s\n", s.Name) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the snapshot (default: the name in the file)")
	return cmd
}
