package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func vmCloneCommand(r *runner) *cobra.Command {
	var n app.NewVM
	cmd := &cobra.Command{
		Use:   "clone NAME NEW-NAME",
		Short: "Clone a VM",
		Long: `Clone creates a VM with a copy of another VM's disk. The other VM may be running. The
new VM gets its own MAC address, host name, machine ID and SSH host keys. Snapshots,
forwarded ports and shared folders are not copied.`,
		Example: `  vmterminal vm clone dev dev2
  vmterminal vm clone dev big --memory 8G`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: r.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[1]
			job, err := r.svc.CloneVM(cmd.Context(), args[0], n)
			if err != nil {
				return err
			}
			r.infof("Cloning VM '%s' as '%s'...", job.Subject, job.VM)
			v, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			noteOmittedSettings(r, cmd, args[0], v.Name)
			noteNotFrozen(r.printer, "new VM's disk", v.NotFrozen)
			return r.writeResult(vmDocument(v), func() { r.printf("VM created: %s\n", v.Name) })
		},
	}
	cmd.Flags().IntVar(&n.CPUs, "cpus", 0, "number of virtual CPUs (default: as in the other VM)")
	cmd.Flags().Var(sizeFlag{&n.MemoryMB}, "memory", "memory, such as 4G (default: as in the other VM)")
	return cmd
}

// noteOmittedSettings prints which settings of a VM were not copied to its clone.
func noteOmittedSettings(r *runner, cmd *cobra.Command, source, clone string) {
	v, err := r.svc.VM(cmd.Context(), source)
	if err == nil && len(v.Forwards)+len(v.Shares) > 0 {
		r.infof("'%s' has none of the forwarded ports and shared folders of '%s'; add some with 'vmterminal vm set'.", clone, v.Name)
	}
}
