package cli

import (
	"github.com/spf13/cobra"
)

func imageImportCommand(r *runner) *cobra.Command {
	var name string
	var force bool
	cmd := &cobra.Command{
		Use:   "import FILE|URL",
		Short: "Add an image from a file or URL",
		Long: `Import adds your own image to the cache. It must be an image of a bootable disk: raw,
qcow2, VMDK, VDI, VHD, VHDX or OVA. All formats except OVA can be compressed with
gzip, xz or zstd.`,
		Example: `  vmterminal image import disk.qcow2 --name base
  vmterminal image import https://example.org/disk.raw.xz --name base
  vmterminal vm create dev --image base`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return usagef(cmd, "--name is required")
			}
			job, err := r.svc.ImportImage(cmd.Context(), args[0], name, force)
			if err != nil {
				return err
			}
			r.infof("Importing image '%s'...", job.Subject)
			i, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			return r.writeResult(imageDocument(i), func() { printAddedImage(r.printer, i) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the image")
	cmd.Flags().BoolVar(&force, "force", false, forceImageHelp)
	return cmd
}
