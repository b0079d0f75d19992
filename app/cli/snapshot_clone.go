package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotClone() *cobra.Command {
	var n app.NewVM
	cmd := &cobra.Command{
		Use:   "clone NAME NEWVM",
		Short: "Make a new VM of a snapshot, with an identity of its own",
		Example: `  vmterminal snapshot clone configured staging --vm production
  vmterminal snapshot clone configured big --cpus 4 --memory 4096`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: f.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[1]
			job, err := f.svc.CloneSnapshot(cmd.Context(), f.vm, args[0], n)
			if err != nil {
				return err
			}
			f.say("Creating VM '%s' from snapshot '%s'...", job.VM, job.Subject)
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			v, _ := job.Result().(app.VM)
			f.sayLeftOut(cmd, f.vm, v.Name)
			return f.data(vmDocument(v), func() { f.printCreated(v) })
		},
	}
	cmd.Flags().IntVar(&n.CPUs, "cpus", 0, "virtual CPUs (default: as the snapshot's VM)")
	cmd.Flags().IntVar(&n.MemoryMB, "memory", 0, "memory in `MB` (default: as the snapshot's VM)")
	return cmd
}
