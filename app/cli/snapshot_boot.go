package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func snapshotBootCommand(r *runner) *cobra.Command {
	var opt app.BootOptions
	cmd := &cobra.Command{
		Use:   "boot NAME",
		Short: "Start a snapshot as a temporary VM",
		Long: `Boot starts a snapshot as a temporary VM, without a restore or a copy. The VM is called
NAME-try-1 (or 2, 3, ...) and has its own MAC address, host name and machine ID, but no
forwarded ports and no shared folders. It has no network unless --network is given.
Console, shell, exec and cp work in it as in any VM; the snapshot and its VM are not
changed.

The VM runs until it is stopped with 'vmterminal stop --vm NAME-try-1' or its guest
powers off. Then it is deleted with everything in it. 'vmterminal vm keep' makes it an
ordinary VM instead. Snapshots of a temporary VM cannot be taken.`,
		Example: `  vmterminal snapshot boot before-upgrade
  vmterminal shell --vm before-upgrade-try-1
  vmterminal stop --vm before-upgrade-try-1`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := r.svc.BootSnapshot(cmd.Context(), r.vm, args[0], opt)
			if err != nil {
				return err
			}
			r.infof("Starting snapshot '%s' of VM '%s' as a temporary VM...", job.Subject, job.VM)
			v, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			r.infof("It is deleted when it stops: vmterminal stop --vm %s", v.Name)
			return r.writeResult(vmDocument(v), func() { r.printf("Temporary VM running: %s (%s)\n", v.Name, v.Accelerator) })
		},
	}
	cmd.Flags().BoolVar(&opt.Network, "network", false, "give the guest network access")
	return cmd
}

func vmKeepCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "keep NAME",
		Short: "Make a temporary VM an ordinary one",
		Long: `Keep makes a VM started by 'vmterminal snapshot boot' an ordinary VM, which is not
deleted when it stops. A running VM continues to run. Its disk no longer needs the
snapshot once it has been filled in, which begins at the next start. Once the VM is
stopped, 'vmterminal vm rename' gives it another name.`,
		Example: "  vmterminal vm keep before-upgrade-try-1",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: r.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := r.svc.KeepVM(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() { r.printf("VM kept: %s\n", v.Name) })
		},
	}
}
