package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func snapshotCreateCommand(r *runner) *cobra.Command {
	var n app.NewSnapshot
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Take a snapshot of a VM's disk",
		Long: `Create saves the current state of a VM's disk under NAME. The VM may be running or
stopped. If the guest's agent answers, a running guest freezes its file systems for a
moment, so that they are consistent in the snapshot.`,
		Example: `  vmterminal snapshot create my-snapshot
  vmterminal snapshot create before-upgrade -d "Before system upgrade"
  vmterminal snapshot create backup --vm dev`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			job, err := r.svc.CreateSnapshot(cmd.Context(), r.vm, n)
			if err != nil {
				return err
			}
			r.infof("Creating snapshot '%s' for VM '%s'...", job.Subject, job.VM)
			r.infof("This may take a while depending on disk size...")
			s, err := followJob(cmd.Context(), r.printer, job)
			if err != nil {
				return err
			}
			for _, n := range s.Notes {
				r.infof("Note: %s", n)
			}
			if s.DiskReplaced {
				r.infof("Note: %s", diskReplacedText)
			}
			noteNotFrozen(r.printer, "snapshot", s.NotFrozen)
			return r.writeResult(snapshotDocument(snapshotJSON(s)), func() {
				r.printf("Snapshot created: %s (%s compressed)\n", s.Name, formatMegabytes(s.FileSize))
			})
		},
	}
	cmd.Flags().StringVarP(&n.Description, "description", "d", "", "`TEXT` to show with the snapshot")
	return cmd
}

// noteNotFrozen prints a note if the copy of a running VM's disk is only crash-consistent. In
// the note, subject is the name of the copy, such as "snapshot".
func noteNotFrozen(p *printer, subject string, why app.NotFrozen) {
	if why == "" {
		return
	}
	reason := map[app.NotFrozen]string{
		app.NotFrozenPaused:  "the VM is paused",
		app.NotFrozenNoAgent: "the guest's agent does not answer; the guest may still be booting",
		app.NotFrozenRefused: "the guest could not freeze its file systems",
		app.NotFrozenEarly:   "the guest thawed its file systems too early",
		app.NotFrozenNoThaw:  "the guest did not confirm that it thawed its file systems",
	}[why]
	if reason == "" { // a code from a newer version
		reason = string(why)
	}
	p.infof("Note: the %s is only crash-consistent, like a disk after a power cut: %s.", subject, reason)
}
