package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app"
	"vmterminal/app/units"
)

func vmCreateCommand(r *runner) *cobra.Command {
	var c vmCreateFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a VM",
		Long: `Create adds a VM. Without --image or --distro it runs the built-in guest, a small Linux
system that needs no download. Values not given as flags come from the defaults for
new VMs; 'vmterminal config get' shows them.

--distro uses the newest image that the distribution publishes. It is downloaded once,
verified and cached. --image takes the name of a cached image (see 'vmterminal image
list'), a file or a URL; ./NAME is always a file.

UEFI-only images are detected and booted with UEFI firmware, which is in Debian's ovmf
package.

--distro debian --from-packages builds the disk from Debian packages. This takes a few
minutes the first time and seconds after that.`,
		Example: `  vmterminal vm create default
  vmterminal vm create dev --cpus 4 --memory 4G --disk-size 20G
  vmterminal vm create dev --distro debian --start
  vmterminal vm create dev --distro ubuntu --release 24.04 --disk-size 20G
  vmterminal vm create other --image disk.qcow2.xz
  vmterminal vm create web --distro debian --from-packages --release bookworm`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.create(r, cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.IntVar(&c.vm.CPUs, "cpus", 0, "number of virtual CPUs (built-in default: 2, or 1 if this computer has only one)")
	flags.Var(sizeFlag{&c.vm.MemoryMB}, "memory", "memory, such as 512M or 4G; a number without a unit is in MiB (built-in default: 512M; distributions need at least 1G)")
	flags.Var(sizeFlag{&c.vm.DiskSizeMB}, "disk-size", "maximum disk size, such as 20G (built-in default: 10G); only used space is allocated")
	addAccelFlag(cmd, &c.vm.Accel, "QEMU accelerator: auto, kvm or tcg (built-in default: auto)")
	addForwardFlag(cmd, &c.forwards)
	addShareFlag(cmd, &c.shares)
	flags.BoolVar(&c.vm.Start, "start", false, "start the VM; one from a cached or downloaded image starts at once, and its disk is filled in while it runs")
	flags.BoolVar(&c.vm.Isolated, "isolated", false, "isolate the guest from all networks")
	c.from.register(r, cmd)
	c.packages.register(flags)
	flags.BoolVar(&c.vm.Adopt, "reuse-data", false, "reuse the disk and snapshots of a VM deleted without --purge")
	return cmd
}

// vmCreateFlags holds the flags of vm create.
type vmCreateFlags struct {
	vm               app.NewVM
	from             imageFlags
	packages         packagesFlag
	forwards, shares []string
}

// check checks the flags and completes c.vm.
func (c *vmCreateFlags) check(cmd *cobra.Command) (err error) {
	for flag, value := range map[string]int{"cpus": c.vm.CPUs, "memory": c.vm.MemoryMB, "disk-size": c.vm.DiskSizeMB} {
		if cmd.Flags().Changed(flag) && value == 0 {
			return usagef(cmd, "--%s must be more than 0", flag)
		}
	}
	if c.vm.Forwards, err = app.ParseForwards(strings.Join(c.forwards, ",")); err != nil {
		return err
	}
	if c.vm.Shares, err = parseShares(c.shares); err != nil {
		return err
	}
	if err := c.from.check(cmd, c.vm); err != nil {
		return err
	}
	return c.packages.check(cmd, c.from)
}

func (c *vmCreateFlags) create(r *runner, cmd *cobra.Command, name string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	c.vm.Name = name
	warnAboutLinks(r.printer, c.vm.Shares)
	if missing := r.svc.MissingFeatures(); len(missing) > 0 {
		r.infof("Note: the store's file system has %s.", featuresText(missing))
	}
	switch {
	case c.packages.fromPackages:
		return createFromPackages(r, cmd, c.vm, c.from.release)
	case c.from.isSet():
		return createFromImage(r, cmd, c.vm, c.from)
	}
	v, err := r.svc.CreateVM(cmd.Context(), c.vm)
	if err != nil {
		return err
	}
	warnAboutMemory(r, v)
	return r.writeResult(vmDocument(v), func() { printCreated(r.printer, v) })
}

func printCreated(p *printer, v app.VM) {
	p.printf("VM created: %s (%s, %s memory, %s disk)\n", v.Name, pluralize(v.CPUs, "CPU"), formatMemory(v.MemoryMB), units.Bytes(v.DiskSize))
}

// imageFlags holds the flags that select the image for a new VM's disk.
type imageFlags struct {
	image, distro, release string
	uefi, force            bool
}

func (c *imageFlags) register(r *runner, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.image, "image", "", "create the disk from an image: a `FILE`, a URL or the name of a cached image (raw, qcow2, VMDK, VDI, VHD, VHDX or OVA)")
	flags.StringVar(&c.distro, "distro", "", "create the disk from the newest image of `DISTRO`: "+strings.Join(distroNames(r), ", "))
	flags.StringVar(&c.release, "release", "", "release of the distribution (default: the newest stable one)")
	flags.BoolVar(&c.uefi, "uefi", false, "boot with UEFI (detected automatically for UEFI-only images)")
	flags.BoolVar(&c.force, "force", false, forceImageHelp)
	_ = cmd.RegisterFlagCompletionFunc("image", r.completeImageOrFile) // cannot fail: the flags exist
	_ = cmd.RegisterFlagCompletionFunc("distro", cobra.FixedCompletions(distroNames(r), cobra.ShellCompDirectiveNoFileComp))
}

func (c *imageFlags) check(cmd *cobra.Command, n app.NewVM) error {
	for _, flag := range []string{"image", "distro"} {
		if given := cmd.Flags().Lookup(flag); given.Changed && given.Value.String() == "" {
			return usagef(cmd, "--%s is empty", flag) // an empty variable in a script must not select the built-in guest
		}
	}
	switch {
	case c.release != "" && c.distro == "":
		return usagef(cmd, "--release needs --distro")
	case c.image != "" && c.distro != "":
		return usagef(cmd, "--image and --distro cannot be combined")
	case c.uefi && !c.isSet():
		return usagef(cmd, "--uefi needs --image or --distro: the built-in guest boots without firmware")
	case c.force && !c.isSet():
		return usagef(cmd, "--force needs --image or --distro")
	case (c.image != "" || c.distro != "") && n.Adopt:
		return usagef(cmd, "--reuse-data cannot be combined with --image or --distro, which create a disk")
	}
	return nil
}

func (c *imageFlags) isSet() bool { return c.image != "" || c.distro != "" }

// createFromImage creates a VM whose disk is created from an image.
func createFromImage(r *runner, cmd *cobra.Command, n app.NewVM, c imageFlags) error {
	n.Image, n.UEFI, n.Force = c.image, c.uefi, c.force
	if c.distro != "" {
		found, err := findImage(r, cmd, c.distro, c.release)
		if err != nil {
			return err
		}
		n.Found = &found
	}
	job, err := r.svc.CreateFromImage(cmd.Context(), n)
	if err != nil {
		return err
	}
	r.infof("Creating VM '%s' from image %s...", job.VM, job.Subject)
	v, err := followJob(cmd.Context(), r.printer, job)
	if err != nil {
		return err
	}
	return r.writeResult(vmDocument(v), func() { printCreated(r.printer, v) })
}

// packagesFlag holds the flag --from-packages.
type packagesFlag struct{ fromPackages bool }

func (p *packagesFlag) register(flags *pflag.FlagSet) {
	flags.BoolVar(&p.fromPackages, "from-packages", false, "build the disk from packages, using this computer's Debian mirror; --release defaults to this computer's release")
}

func (p *packagesFlag) check(cmd *cobra.Command, from imageFlags) error {
	if p.fromPackages && from.distro != "debian" {
		return usagef(cmd, "--from-packages needs --distro debian")
	}
	if p.fromPackages && from.uefi {
		return usagef(cmd, "--uefi cannot be combined with --from-packages")
	}
	return nil
}

func createFromPackages(r *runner, cmd *cobra.Command, n app.NewVM, release string) error {
	job, err := r.svc.CreateDebian(cmd.Context(), n, release)
	if err != nil {
		return err
	}
	r.infof("Creating VM '%s' with %s from packages; the first VM of a release takes some minutes...", job.VM, job.Subject)
	v, err := followJob(cmd.Context(), r.printer, job)
	if err != nil {
		return err
	}
	return r.writeResult(vmDocument(v), func() { printCreated(r.printer, v) })
}
