package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func vmSetCommand(r *runner) *cobra.Command {
	var c vmSetFlags
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change the settings of a VM",
		Long: `Set changes the settings of a VM. Changes to CPUs, memory, accelerator, isolation and
shared folders take effect at the next start. The disk can only grow, and only while
the VM is stopped.

Changes to forwards take effect at once in a running guest. If one of the ports is in
use, no forward is changed. Removing a forward does not close open connections. In a VM
that was started by an earlier version, changes take effect at the next start.

The guest's agent mounts each shared folder in /mnt under the folder's own name: ~/site
becomes /mnt/site. Files that the guest writes there belong to the user who runs the VM,
and only that user can read them. Owners, modes and links set in the guest are visible
only in the guest. The guest cannot read symbolic links created on this computer. Shared
folders are not part of snapshots.`,
		Example: `  vmterminal vm set dev --cpus 4 --memory 4G
  vmterminal vm set dev --disk-size 40G
  vmterminal vm set dev --forward 8080:80 --forward 2222:22
  vmterminal vm set dev --remove-forward 2222
  vmterminal vm set dev --isolated
  vmterminal vm set dev --share ~/site --share ~/music:ro
  vmterminal vm set dev --remove-share ~/site`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			changes, err := c.settings(cmd)
			if err != nil {
				return err
			}
			v, err := r.svc.SetVM(cmd.Context(), args[0], changes)
			if err != nil {
				return err
			}
			noteWhenInEffect(r.printer, v, changes)
			warnAboutMemory(r, v)
			warnAboutLinks(r.printer, changes.Share)
			return r.writeResult(vmDocument(v), func() {
				r.printf("VM changed: %s (%d CPUs, %s memory, %s disk)\n", v.Name, v.CPUs, formatMemory(v.MemoryMB), units.Bytes(v.DiskSize))
			})
		},
	}
	cmd.Flags().IntVar(&c.cpus, "cpus", 0, "number of virtual CPUs")
	cmd.Flags().Var(sizeFlag{&c.memory}, "memory", "memory, such as 512M or 4G; a number without a unit is in MiB")
	cmd.Flags().Var(sizeFlag{&c.disk}, "disk-size", "disk size, such as 20G; it can only grow")
	addAccelFlag(cmd, &c.accel, "QEMU accelerator: auto, kvm or tcg")
	c.network.register(cmd)
	c.shares.register(cmd)
	return cmd
}

// vmSetFlags holds the flags of vm set.
type vmSetFlags struct {
	cpus, memory, disk int
	accel              string
	network            networkFlags
	shares             shareFlags
}

// settings returns the settings to change.
func (c *vmSetFlags) settings(cmd *cobra.Command) (to app.VMSettings, err error) {
	for flag, set := range map[string]func(){
		"cpus":      func() { to.CPUs = &c.cpus },
		"memory":    func() { to.MemoryMB = &c.memory },
		"disk-size": func() { to.DiskSizeMB = &c.disk },
		"accel":     func() { to.Accel = &c.accel },
	} {
		if cmd.Flags().Changed(flag) {
			set()
		}
	}
	if err := c.network.apply(cmd, &to); err != nil {
		return to, err
	}
	if err := c.shares.apply(&to); err != nil {
		return to, err
	}
	if to.Empty() {
		return to, usagef(cmd, "no change given: use --cpus, --memory, --disk-size, --accel, --forward, --remove-forward, --isolated, --share or --remove-share")
	}
	return to, nil
}

// warnAboutMemory prints a note if a VM has more memory than this computer.
func warnAboutMemory(r *runner, v app.VM) {
	if has := r.svc.HostSize().MemoryMB; has > 0 && v.MemoryMB > has {
		r.infof("Note: '%s' has %s of memory and may not start: this computer has %s.", v.Name, formatMemory(v.MemoryMB), formatMemory(has))
	}
}

// noteWhenInEffect prints when changed settings of a running VM take effect.
func noteWhenInEffect(p *printer, v app.VM, changes app.VMSettings) {
	live := v.ForwardsLive() && len(v.PendingForwards())+len(v.RemovedForwards()) == 0
	switch {
	case !v.State.Alive():
	case !changes.ChangesForwards() || !live:
		p.infof("'%s' is running: the changes take effect at the next start.", v.Name)
	case changes.WithoutForwards().Empty():
		p.infof("'%s' is running: the changes are in effect.", v.Name)
	default:
		p.infof("'%s' is running: changes to forwards are in effect, the others take effect at the next start.", v.Name)
	}
}
