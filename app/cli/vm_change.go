package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) vmSet() *cobra.Command {
	var cpus, memory, disk int
	var accel string
	var network networkFlags
	var shares shareFlags
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change a VM's CPUs, memory, accelerator, network, shared folders, or make its disk larger",
		Long: `Set changes what a VM is given. In a running VM forwarded ports change at once, or
not at all if one of them is taken; connections that are there stay. All else counts
from its next start on: CPUs, memory, accelerator, whether it is isolated, and shared
folders; so do the forwarded ports of a VM that an earlier version started. The disk
can only grow, while the VM is stopped.

A shared folder is at /mnt/NAME in the guest, mounted by the guest's agent. What the
guest writes there is of the user who runs the VM, and private to him; owners, modes
and links that the guest makes are for the guest alone. Snapshots do not hold it.`,
		Example: `  vmterminal vm set dev --cpus 4 --memory 4096
  vmterminal vm set dev --disk-size 40960
  vmterminal vm set dev --forward 8080:80 --forward 2222:22
  vmterminal vm set dev --no-forward 2222
  vmterminal vm set dev --isolated
  vmterminal vm set dev --share ~/site --share ~/music:ro
  vmterminal vm set dev --no-share ~/site`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			var to app.VMSettings
			for flag, set := range map[string]func(){
				"cpus":      func() { to.CPUs = &cpus },
				"memory":    func() { to.MemoryMB = &memory },
				"disk-size": func() { to.DiskSizeMB = &disk },
				"accel":     func() { to.Accel = &accel },
			} {
				if cmd.Flags().Changed(flag) {
					set()
				}
			}
			if err := network.set(cmd, &to); err != nil {
				return err
			}
			if err := shares.set(&to); err != nil {
				return err
			}
			if to.Empty() {
				return usagef(cmd, "say what to change: --cpus, --memory, --disk-size, --accel, --forward, --no-forward, --isolated, --share or --no-share")
			}
			v, err := f.svc.SetVM(cmd.Context(), args[0], to)
			if err != nil {
				return err
			}
			f.sayWhen(v, to)
			return f.data(vmDocument(v), func() {
				f.printf("VM changed: %s (%d CPUs, %d MB memory, %s disk)\n", v.Name, v.CPUs, v.MemoryMB, size(v.DiskSize))
			})
		},
	}
	cmd.Flags().IntVar(&cpus, "cpus", 0, "virtual CPUs")
	cmd.Flags().IntVar(&memory, "memory", 0, "memory in `MB`")
	cmd.Flags().IntVar(&disk, "disk-size", 0, "size of the disk in `MB`; it can only grow")
	wantAccel(cmd, &accel, "auto, kvm or tcg: how QEMU runs the guest")
	network.register(cmd)
	shares.register(cmd)
	return cmd
}

func (f *face) vmRename() *cobra.Command {
	return &cobra.Command{
		Use:     "rename NAME NEW-NAME",
		Short:   "Give a stopped VM another name; its snapshots stay with it",
		Example: "  vmterminal vm rename dev old-dev",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: f.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := f.svc.RenameVM(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return f.data(vmDocument(v), func() { f.printf("VM renamed: %s\n", v.Name) })
		},
	}
}

func (f *face) vmClone() *cobra.Command {
	var n app.NewVM
	cmd := &cobra.Command{
		Use:   "clone NAME NEW-NAME",
		Short: "Make a new VM of a VM's present disk, with an identity of its own",
		Long: `Clone copies the disk of a VM, which may be running, into a new VM. The new one has
a network address, host name, machine id and SSH host keys of its own, and none
of the other's snapshots, forwarded ports and shared folders.`,
		Example: `  vmterminal vm clone dev dev2
  vmterminal vm clone dev big --memory 8192`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: f.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[1]
			job, err := f.svc.CloneVM(cmd.Context(), args[0], n)
			if err != nil {
				return err
			}
			f.say("Cloning VM '%s' as '%s'...", job.Subject, job.VM)
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			v, _ := job.Result().(app.VM)
			f.sayLeftOut(cmd, args[0], v.Name)
			return f.data(vmDocument(v), func() { f.printf("VM created: %s\n", v.Name) })
		},
	}
	cmd.Flags().IntVar(&n.CPUs, "cpus", 0, "virtual CPUs (default: the other VM's)")
	cmd.Flags().IntVar(&n.MemoryMB, "memory", 0, "memory in `MB` (default: the other VM's)")
	return cmd
}
