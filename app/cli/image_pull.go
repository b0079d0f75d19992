package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func imagePullCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "pull NAME[:RELEASE]",
		Short: "Download the newest image of a distribution",
		Long: `Pull downloads and verifies an image and adds it to the cache. 'vmterminal image list'
shows the distributions and their releases.`,
		Example: `  vmterminal image pull debian
  vmterminal image pull ubuntu:24.04`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeDistro,
		RunE: func(cmd *cobra.Command, args []string) error {
			distro, release, _ := strings.Cut(args[0], ":")
			found, err := findImage(r, cmd, distro, release)
			if err != nil {
				return err
			}
			job := r.svc.PullImage(found)
			r.infof("Downloading image %s %s...", found.Name, found.Version)
			i, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			return r.writeResult(imageDocument(i), func() { printAddedImage(r.printer, i) })
		},
	}
}
