package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotExport() *cobra.Command {
	return &cobra.Command{
		Use:   "export NAME FILE|-",
		Short: "Write a snapshot's file elsewhere, checked on the way",
		Example: `  vmterminal snapshot export before-upgrade /media/backup/before-upgrade.raw.gz
  vmterminal snapshot export before-upgrade - | ssh server 'cat > before-upgrade.raw.gz'`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: f.completeSnapshotThenFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] == "-" {
				return f.exportStream(cmd, args[0])
			}
			job, err := f.svc.ExportSnapshotFile(cmd.Context(), f.vm, args[0], args[1])
			if err != nil {
				return err
			}
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			s, _ := job.Result().(app.Snapshot)
			return f.data(f.result(snapshotJSON(s)), func() { f.printf("Snapshot exported: %s to %s\n", s.Name, app.Plain(args[1])) })
		},
	}
}

func (f *face) exportStream(cmd *cobra.Command, name string) error {
	if _, ok := terminal(f.io.Out); ok {
		return usagef(cmd, "a snapshot is not for a terminal: write it to a file, or into a pipe")
	}
	job, err := f.svc.ExportSnapshot(cmd.Context(), f.vm, name, f.io.Out)
	if err != nil {
		return err
	}
	return f.follow(cmd.Context(), job)
}

func (f *face) snapshotImport() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import FILE|URL",
		Short: "Add a snapshot from a file or an address, once all of it is checked",
		Example: `  vmterminal snapshot import /media/backup/before-upgrade.raw.gz
  vmterminal snapshot import https://example.org/base.raw.gz --name base`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := f.svc.ImportSnapshot(f.vm, args[0], name)
			if err != nil {
				return err
			}
			f.say("Importing a snapshot into VM '%s'...", job.VM)
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			s, _ := job.Result().(app.Snapshot)
			return f.data(f.result(snapshotJSON(s)), func() { f.printf("Snapshot imported: %s\n", s.Name) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what to call it (default: the name that the file carries)")
	return cmd
}
