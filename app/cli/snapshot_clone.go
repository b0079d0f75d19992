package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func snapshotCloneCommand(r *runner) *cobra.Command {
	var n app.NewVM
	cmd := &cobra.Command{
		Use:   "clone NAME NEW-VM",
		Short: "Create a VM from a snapshot",
		Long: `Clone creates a VM whose disk is a copy of the snapshot. It gets its own MAC address,
host name, machine ID and SSH host keys. Forwarded ports and shared folders are not
copied.

With --start, the new VM starts at once, whatever the size of its disk, which is filled
in from the snapshot while the VM runs. The snapshot and its VM can be deleted in the
meantime. Snapshots of other programs are copied completely before the VM starts.`,
		Example: `  vmterminal snapshot clone configured staging --vm production
  vmterminal snapshot clone configured big --cpus 4 --memory 4G
  vmterminal snapshot clone configured experiment --start`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[1]
			job, err := r.svc.CloneSnapshot(cmd.Context(), r.vm, args[0], n)
			if err != nil {
				return err
			}
			r.infof("Creating VM '%s' from snapshot '%s'...", job.VM, job.Subject)
			v, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			noteOmittedSettings(r, cmd, r.vm, v.Name)
			return r.writeResult(vmDocument(v), func() {
				printCreated(r.printer, v)
				if n.Start {
					r.printf("VM running: %s\n", v.Name)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&n.Start, "start", false, "start the VM at once; its disk is filled in while it runs")
	cmd.Flags().IntVar(&n.CPUs, "cpus", 0, "number of virtual CPUs (default: as in the snapshot's VM)")
	cmd.Flags().Var(sizeFlag{&n.MemoryMB}, "memory", "memory, such as 4G (default: as in the snapshot's VM)")
	return cmd
}
