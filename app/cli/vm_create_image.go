package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

// wantImage adds what the disk of a new VM is made of.
func (f *face) wantImage(cmd *cobra.Command, n *app.NewVM) {
	cmd.Flags().StringVar(&n.Image, "image", "", "make the disk of the raw or qcow2 image `FILE`, packed (gzip, xz, zstd) or not")
	_ = cmd.RegisterFlagCompletionFunc("image", completeAnyFile) // the flag is there
}

// createFromImage makes a VM of an image.
func (f *face) createFromImage(cmd *cobra.Command, n app.NewVM) error {
	if n.Adopt {
		return usagef(cmd, "--adopt takes over a disk that is there, and --image makes one")
	}
	job, err := f.svc.CreateFromImage(cmd.Context(), n)
	if err != nil {
		return err
	}
	f.say("Creating VM '%s' from image %s...", job.VM, job.Subject)
	if err := f.follow(cmd.Context(), job); err != nil {
		return err
	}
	v, _ := job.Result().(app.VM)
	return f.created(v)
}

// created writes a VM that has just been made.
func (f *face) created(v app.VM) error {
	return f.data(vmDocument(v), func() {
		f.printf("VM created: %s (%d CPUs, %d MB memory, %s disk)\n", v.Name, v.CPUs, v.MemoryMB, size(v.DiskSize))
	})
}

// completeAnyFile offers files for a flag.
func completeAnyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}
