package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

// imageChoice is what the disk of a new VM is to be made of.
type imageChoice struct {
	image, distro, release string
	uefi                   bool
}

func (c *imageChoice) register(f *face, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.image, "image", "", "make the disk of an image: a raw or qcow2 `FILE`, packed (gzip, xz, zstd) or not, its address, or the name of one that is kept")
	flags.StringVar(&c.distro, "distro", "", "make the disk of the newest image of a `SYSTEM`: "+strings.Join(f.systemNames(), ", "))
	flags.StringVar(&c.release, "release", "", "the release of that system (default: its newest stable one)")
	flags.BoolVar(&c.uefi, "uefi", false, "start the image by UEFI; one that nothing else can start needs no telling")
	_ = cmd.RegisterFlagCompletionFunc("image", f.completeImageOrFile) // the flags are there
	_ = cmd.RegisterFlagCompletionFunc("distro", cobra.FixedCompletions(f.systemNames(), cobra.ShellCompDirectiveNoFileComp))
}

func (c *imageChoice) check(cmd *cobra.Command, n app.NewVM) error {
	for _, flag := range []string{"image", "distro"} {
		if given := cmd.Flags().Lookup(flag); given.Changed && given.Value.String() == "" {
			return usagef(cmd, "--%s is empty", flag) // and not a wish for the built-in guest
		}
	}
	switch {
	case c.release != "" && c.distro == "":
		return usagef(cmd, "--release needs --distro")
	case c.image != "" && c.distro != "":
		return usagef(cmd, "there can be --image or --distro, not both")
	case c.uefi && !c.wanted():
		return usagef(cmd, "--uefi needs --image or --distro: the built-in guest is started without a boot loader")
	case (c.image != "" || c.distro != "") && n.Adopt:
		return usagef(cmd, "--adopt takes over a disk that is there; --image and --distro make one")
	}
	return nil
}

func (c *imageChoice) wanted() bool { return c.image != "" || c.distro != "" }

// createFromImage makes a VM of an image.
func (f *face) createFromImage(cmd *cobra.Command, n app.NewVM, c imageChoice) error {
	n.Image, n.UEFI = c.image, c.uefi
	if c.distro != "" {
		found, err := f.findImage(cmd, c.distro, c.release)
		if err != nil {
			return err
		}
		n.Found = &found
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
	return f.data(vmDocument(v), func() { f.printCreated(v) })
}
