package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app"
)

// fromPackages is whether the disk of a new VM is to be built of packages.
type fromPackages struct{ wanted bool }

func (p *fromPackages) register(flags *pflag.FlagSet) {
	flags.BoolVar(&p.wanted, "from-packages", false, "build Debian here from its packages, from the mirror that this computer uses; --release is as this computer's by itself")
}

func (p *fromPackages) check(cmd *cobra.Command, of imageChoice) error {
	if p.wanted && of.distro != "debian" {
		return usagef(cmd, "--from-packages needs --distro debian")
	}
	if p.wanted && of.uefi {
		return usagef(cmd, "a disk that is built of packages is not started by UEFI: leave out --uefi")
	}
	return nil
}

func (f *face) createFromPackages(cmd *cobra.Command, n app.NewVM, release string) error {
	job, err := f.svc.CreateDebian(cmd.Context(), n, release)
	if err != nil {
		return err
	}
	f.say("Creating VM '%s' with %s from packages; the first of a release takes some minutes...", job.VM, job.Subject)
	if err := f.follow(cmd.Context(), job); err != nil {
		return err
	}
	v, _ := job.Result().(app.VM)
	return f.data(vmDocument(v), func() { f.printCreated(v) })
}

func (f *face) printCreated(v app.VM) {
	f.printf("VM created: %s (%d CPUs, %d MB memory, %s disk)\n", v.Name, v.CPUs, v.MemoryMB, size(v.DiskSize))
}
