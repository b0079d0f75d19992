package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app"
)

// fromPackages is what `vm create` is told of a distribution to be built.
type fromPackages struct {
	distro, release string
	wanted          bool
}

func (p *fromPackages) register(flags *pflag.FlagSet) {
	flags.StringVar(&p.distro, "distro", "", "the distribution: debian")
	flags.StringVar(&p.release, "release", "", "its release, for example bookworm (default: as this computer's, or the newest)")
	flags.BoolVar(&p.wanted, "from-packages", false, "build Debian here from its packages, from the mirror that this computer uses")
}

func (p *fromPackages) check(cmd *cobra.Command, n app.NewVM) error {
	switch {
	case p.distro != "debian" && p.wanted:
		return usagef(cmd, "--from-packages needs --distro debian")
	case p.distro != "" && p.distro != "debian":
		return usagef(cmd, "%.100q is no distribution that can be made: debian", p.distro)
	case p.distro != "" && !p.wanted:
		return usagef(cmd, "--distro debian needs --from-packages")
	case p.release != "" && !p.wanted:
		return usagef(cmd, "--release needs --distro debian --from-packages")
	case p.wanted && n.Adopt:
		return usagef(cmd, "--adopt takes over a disk; --from-packages makes one")
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
